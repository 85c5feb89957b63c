-- +goose Up
CREATE TABLE operator_roles (
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    group_no BIGINT NOT NULL,
    role     BIGINT NOT NULL,
    PRIMARY KEY (operator, group_no)
);
CREATE INDEX operator_roles_group ON operator_roles (group_no) WHERE group_no <> 0;
INSERT INTO operator_roles (operator, group_no, role)
    SELECT name, 0, CASE WHEN scopes LIKE '%admin%' THEN 3 WHEN scopes LIKE '%write%' THEN 2 ELSE 1 END
    FROM operators WHERE scopes <> '';
ALTER TABLE operators DROP COLUMN scopes;
ALTER TABLE operators ADD COLUMN signed_in BIGINT NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    secret   TEXT COLLATE "C" PRIMARY KEY,
    id       TEXT COLLATE "C" NOT NULL UNIQUE,
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    how      TEXT NOT NULL,
    created  BIGINT NOT NULL,
    used     BIGINT NOT NULL,
    proved   BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    address  TEXT NOT NULL,
    browser  TEXT NOT NULL
);
CREATE INDEX sessions_operator ON sessions (operator);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE tickets (
    secret   TEXT COLLATE "C" PRIMARY KEY,
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    step     BIGINT NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX tickets_operator ON tickets (operator);
CREATE INDEX tickets_expires ON tickets (expires);

CREATE TABLE factors (
    operator  TEXT COLLATE "C" PRIMARY KEY REFERENCES operators (name),
    secret    BYTEA NOT NULL,
    confirmed BIGINT NOT NULL,
    step      BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    hash     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (operator, hash)
);

CREATE TABLE failed_sign_ins (
    key    TEXT COLLATE "C" PRIMARY KEY,
    failed BIGINT NOT NULL,
    last   BIGINT NOT NULL
);
CREATE INDEX failed_sign_ins_last ON failed_sign_ins (last);
