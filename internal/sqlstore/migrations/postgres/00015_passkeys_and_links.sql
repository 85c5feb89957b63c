-- +goose Up
CREATE TABLE passkeys (
    id       TEXT COLLATE "C" PRIMARY KEY, -- of the credential, base64url
    account  BIGINT NOT NULL,
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    name     TEXT NOT NULL,
    record   TEXT NOT NULL, -- JSON: the public key and what belongs to it
    counter  BIGINT NOT NULL,
    suspect  BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    used     BIGINT NOT NULL
);
CREATE INDEX passkeys_operator ON passkeys (operator);

-- What was good for one use, for as long as it would be good.
CREATE TABLE one_uses (
    mark  TEXT COLLATE "C" PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX one_uses_until ON one_uses (until);

-- Who operators are at OpenID providers.
CREATE TABLE links (
    issuer   TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,
    account  BIGINT NOT NULL,
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    shown    TEXT NOT NULL,
    created  BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX links_operator ON links (operator, issuer);

-- The names under which providers know operators who have no link yet.
CREATE TABLE expected_names (
    operator TEXT COLLATE "C" PRIMARY KEY REFERENCES operators (name),
    name     TEXT COLLATE "C" NOT NULL UNIQUE
);
