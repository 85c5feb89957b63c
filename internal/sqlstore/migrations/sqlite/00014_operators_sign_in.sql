-- +goose Up
-- What operators may do: group 0 is the whole account. The numbers are those of
-- reeve.Role.
CREATE TABLE operator_roles (
    operator TEXT NOT NULL REFERENCES operators (name),
    group_no BIGINT NOT NULL,
    role     BIGINT NOT NULL,
    PRIMARY KEY (operator, group_no)
) WITHOUT ROWID;
CREATE INDEX operator_roles_group ON operator_roles (group_no) WHERE group_no <> 0;
INSERT INTO operator_roles (operator, group_no, role)
    SELECT name, 0, CASE WHEN scopes LIKE '%admin%' THEN 3 WHEN scopes LIKE '%write%' THEN 2 ELSE 1 END
    FROM operators WHERE scopes <> '';
ALTER TABLE operators DROP COLUMN scopes;
ALTER TABLE operators ADD COLUMN signed_in BIGINT NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    secret   TEXT PRIMARY KEY, -- hex SHA-256
    id       TEXT NOT NULL UNIQUE,
    operator TEXT NOT NULL REFERENCES operators (name),
    how      TEXT NOT NULL,
    created  BIGINT NOT NULL,
    used     BIGINT NOT NULL,
    proved   BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    address  TEXT NOT NULL,
    browser  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_operator ON sessions (operator);
CREATE INDEX sessions_expires ON sessions (expires);

-- What is good for one step of an operator: his first password, the second half
-- of a sign-in.
CREATE TABLE tickets (
    secret   TEXT PRIMARY KEY, -- hex SHA-256
    operator TEXT NOT NULL REFERENCES operators (name),
    step     BIGINT NOT NULL,
    expires  BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX tickets_operator ON tickets (operator);
CREATE INDEX tickets_expires ON tickets (expires);

-- The secrets of operators' authenticator apps, sealed, and the last step of 30
-- seconds of which a code was taken.
CREATE TABLE factors (
    operator  TEXT PRIMARY KEY REFERENCES operators (name),
    secret    BLOB NOT NULL,
    confirmed BIGINT NOT NULL, -- 0 until a code has shown that the app has it
    step      BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE recovery_codes (
    operator TEXT NOT NULL REFERENCES operators (name),
    hash     TEXT NOT NULL, -- hex SHA-256
    PRIMARY KEY (operator, hash)
) WITHOUT ROWID;

-- Failed sign-ins, by what they were held against.
CREATE TABLE failed_sign_ins (
    key    TEXT PRIMARY KEY,
    failed BIGINT NOT NULL,
    last   BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX failed_sign_ins_last ON failed_sign_ins (last);
