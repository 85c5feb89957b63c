-- +goose Up
-- The shape follows three rules. Keys inside are integers; hex ids stand once.
-- Indexes do not name what an action or a report changes. What is written
-- at different times lives in different tables: a device's record, its
-- exemption, its names, what its agent told, and when it was heard.
--
-- Times are microseconds since 1970 UTC, 0 for never. postgres/ has the same
-- tables; where the two differ, the difference is explained at both places.

-- The one row says to which root key this store belongs.
CREATE TABLE installation (
    no  BIGINT PRIMARY KEY, -- 1
    pin TEXT NOT NULL
);

CREATE TABLE accounts (
    no                  INTEGER PRIMARY KEY,
    name                TEXT NOT NULL UNIQUE,
    seats               BIGINT NOT NULL, -- 0 is as many as come
    seats_used          BIGINT NOT NULL, -- managed devices; kept only while seats > 0
    requests_per_minute BIGINT NOT NULL,
    identity_fields     TEXT NOT NULL,
    default_group       BIGINT NOT NULL,
    created             BIGINT NOT NULL
);

CREATE TABLE device_groups (
    no          INTEGER PRIMARY KEY,
    account     BIGINT NOT NULL REFERENCES accounts (no),
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created     BIGINT NOT NULL,
    modified    BIGINT NOT NULL,
    UNIQUE (account, name)
);

CREATE TABLE apps (
    client_id           TEXT PRIMARY KEY,
    account             BIGINT NOT NULL REFERENCES accounts (no),
    secret_hash         TEXT NOT NULL,
    name                TEXT NOT NULL,
    scopes              TEXT NOT NULL,
    cli                 BIGINT NOT NULL,
    requests_per_minute BIGINT NOT NULL,
    created             BIGINT NOT NULL,
    revoked             BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX apps_name ON apps (account, name) WHERE revoked = 0;

CREATE TABLE tokens (
    hash      TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES apps (client_id),
    expires   BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX tokens_app ON tokens (client_id);

CREATE TABLE operators (
    name          TEXT PRIMARY KEY,
    account       BIGINT NOT NULL REFERENCES accounts (no),
    password_hash TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    created       BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE codes (
    hash      TEXT PRIMARY KEY,
    account   BIGINT NOT NULL REFERENCES accounts (no),
    hint      TEXT NOT NULL,
    note      TEXT NOT NULL,
    group_no  BIGINT NOT NULL, -- 0 is the account's default group
    kind      BIGINT NOT NULL,
    uses      BIGINT NOT NULL,
    used      BIGINT NOT NULL,
    community BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    created   BIGINT NOT NULL,
    revoked   BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX codes_account ON codes (account);

-- Everything of a device's class but its standing. devices.class is
-- no * 8 + standing, so that a standing changes by arithmetic. Rows are only
-- ever added.
CREATE TABLE classes (
    no        INTEGER PRIMARY KEY,
    kind      BIGINT NOT NULL,
    system    BIGINT NOT NULL,
    version   TEXT NOT NULL,
    abilities BIGINT NOT NULL,
    UNIQUE (kind, system, version, abilities)
);

CREATE TABLE devices (
    no       INTEGER PRIMARY KEY,
    account  BIGINT NOT NULL,
    id       TEXT NOT NULL,
    class    BIGINT NOT NULL,
    key      BLOB, -- NULL without an agent
    group_no BIGINT NOT NULL,
    added    BIGINT NOT NULL,
    enrolled BIGINT NOT NULL,
    archived BIGINT NOT NULL,
    erase_at BIGINT NOT NULL
);
-- The lookup of a placing reads this index and nothing else; that makes it a
-- third faster here. PostgreSQL would have to visit the row anyway. The id comes
-- first, since rows are told apart by their first column fastest.
CREATE INDEX devices_id ON devices (id, account, class, key);
CREATE INDEX devices_group ON devices (group_no);
CREATE INDEX devices_account ON devices (account);

-- The devices that are exempt. They come and go by the hundred thousand, and
-- rows as small as these touch few pages.
CREATE TABLE exemptions (
    device INTEGER PRIMARY KEY,
    kind   BIGINT NOT NULL,
    until  BIGINT NOT NULL
);

-- Whose key this is, erased devices not: their rows keep the key only because
-- the trees of old jobs were built over it.
CREATE TABLE device_keys (
    key    BLOB PRIMARY KEY,
    device BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE device_names (
    device      INTEGER PRIMARY KEY,
    hostname    TEXT NOT NULL,
    folded      TEXT NOT NULL, -- hostname as it is searched
    nickname    TEXT NOT NULL,
    hardware_id TEXT NOT NULL
);
CREATE INDEX device_names_hardware ON device_names (hardware_id) WHERE hardware_id <> '';

CREATE TABLE device_facts (
    device   INTEGER PRIMARY KEY,
    facts    TEXT NOT NULL,
    identity TEXT NOT NULL
);

CREATE TABLE macs (
    account BIGINT NOT NULL,
    mac     BIGINT NOT NULL,
    device  BIGINT NOT NULL,
    PRIMARY KEY (account, mac, device)
) WITHOUT ROWID;
CREATE INDEX macs_device ON macs (device);

CREATE TABLE presence (
    device    INTEGER PRIMARY KEY,
    online    BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    address   TEXT NOT NULL
);

-- Devices that are out of licence, in the order in which they get a seat.
CREATE TABLE waiting (
    account  BIGINT NOT NULL,
    enrolled BIGINT NOT NULL,
    device   BIGINT NOT NULL,
    PRIMARY KEY (account, enrolled, device)
) WITHOUT ROWID;

CREATE TABLE jobs (
    id             INTEGER PRIMARY KEY,
    account        BIGINT NOT NULL,
    action         TEXT NOT NULL,
    params         TEXT NOT NULL,
    source         BIGINT NOT NULL,
    actor          TEXT NOT NULL,
    name           TEXT NOT NULL,
    address        TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    comment        TEXT NOT NULL,
    issued         BIGINT NOT NULL,
    deliver_by     BIGINT NOT NULL,
    finish_by      BIGINT NOT NULL,
    entries        BIGINT NOT NULL,
    unmatched      BIGINT NOT NULL,
    targets        BIGINT NOT NULL,
    succeeded      BIGINT NOT NULL,
    failed         BIGINT NOT NULL,
    expired        BIGINT NOT NULL,
    cancelled      BIGINT NOT NULL,
    not_applicable BIGINT NOT NULL,
    refused        BIGINT NOT NULL,
    root           BLOB NOT NULL,
    signature      BLOB NOT NULL,
    seal_key       BLOB NOT NULL,
    cancelled_at   BIGINT NOT NULL
);
CREATE INDEX jobs_account ON jobs (account);

-- The jobs with open commands, and when the next of their deadlines passes.
CREATE TABLE open_jobs (
    job INTEGER PRIMARY KEY,
    due BIGINT NOT NULL
);

CREATE TABLE commands (
    job     BIGINT NOT NULL,
    leaf    BIGINT NOT NULL,
    device  BIGINT NOT NULL,
    state   BIGINT NOT NULL,
    reason  BIGINT NOT NULL,
    percent BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (job, leaf)
) WITHOUT ROWID;
-- What a device is still to do. Only open commands are in it, so it stays small,
-- and a command that is born with an end costs nothing here. PostgreSQL has one
-- index for this and the next, since a command that left an index there would
-- have to be written anew.
CREATE INDEX commands_open ON commands (device) WHERE state < 3;
-- What a device ever did, a thousand neighbours together: a job on devices from
-- all over the fleet then touches few pages, and a device's page of history
-- passes over what its neighbours did.
CREATE INDEX commands_device ON commands (device >> 10, job, device);

-- What an agent said of a command beyond its state. Few commands have a row.
CREATE TABLE command_notes (
    job     BIGINT NOT NULL,
    leaf    BIGINT NOT NULL,
    message TEXT NOT NULL,
    result  TEXT NOT NULL,
    late    TEXT NOT NULL,
    PRIMARY KEY (job, leaf)
) WITHOUT ROWID;

-- Changes of records that end by themselves: at this time, those that this job
-- made and that nothing has changed since.
CREATE TABLE effect_ends (
    at      BIGINT NOT NULL,
    job     BIGINT NOT NULL,
    account BIGINT NOT NULL,
    PRIMARY KEY (at, job)
) WITHOUT ROWID;

CREATE TABLE repeats (
    account BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    route   TEXT NOT NULL,
    key     TEXT NOT NULL,
    body    BLOB NOT NULL,
    job     BIGINT NOT NULL,
    answer  BLOB NOT NULL,
    until   BIGINT NOT NULL,
    PRIMARY KEY (account, actor, route, key)
) WITHOUT ROWID;
CREATE INDEX repeats_until ON repeats (until);

CREATE TABLE audit (
    account    BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    event      TEXT NOT NULL,
    source     BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    name       TEXT NOT NULL,
    address    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    device     TEXT NOT NULL,
    job        BIGINT NOT NULL,
    outcome    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    prev       BLOB NOT NULL,
    hash       BLOB NOT NULL,
    PRIMARY KEY (account, seq)
) WITHOUT ROWID;

-- Where each log ends, with the mark that only the holder of the head key can
-- make. Locked as the last thing in a transaction.
CREATE TABLE log_heads (
    account INTEGER PRIMARY KEY,
    seq     BIGINT NOT NULL,
    hash    BLOB NOT NULL,
    mark    BLOB NOT NULL
);

CREATE TABLE checkpoints (
    account   BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    hash      BLOB NOT NULL,
    at        BIGINT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (account, seq)
) WITHOUT ROWID;
