-- +goose Up
CREATE TABLE passkeys (
    id       TEXT PRIMARY KEY, -- of the credential, base64url
    account  BIGINT NOT NULL,
    operator TEXT NOT NULL REFERENCES operators (name),
    name     TEXT NOT NULL,
    record   TEXT NOT NULL, -- JSON: the public key and what belongs to it
    counter  BIGINT NOT NULL,
    suspect  BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    used     BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX passkeys_operator ON passkeys (operator);

-- What was good for one use, for as long as it would be good.
CREATE TABLE one_uses (
    mark  TEXT PRIMARY KEY,
    until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX one_uses_until ON one_uses (until);

-- Who operators are at OpenID providers.
CREATE TABLE links (
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    account  BIGINT NOT NULL,
    operator TEXT NOT NULL REFERENCES operators (name),
    shown    TEXT NOT NULL,
    created  BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE UNIQUE INDEX links_operator ON links (operator, issuer);

-- The names under which providers know operators who have no link yet.
CREATE TABLE expected_names (
    operator TEXT PRIMARY KEY REFERENCES operators (name),
    name     TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
