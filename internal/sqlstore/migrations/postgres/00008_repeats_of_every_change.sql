-- +goose Up
-- Requests with an Idempotency-Key, and what was answered. Orders keep theirs in
-- repeats, from where the answer is rebuilt.
CREATE TABLE claims (
    account BIGINT NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    route   TEXT COLLATE "C" NOT NULL,
    key     BYTEA NOT NULL, -- SHA-256
    body    BYTEA NOT NULL,
    holder  BIGINT NOT NULL,
    state   BIGINT NOT NULL,
    lease   BIGINT NOT NULL,
    answer  BYTEA NOT NULL, -- encrypted
    until   BIGINT NOT NULL,
    PRIMARY KEY (account, actor, route, key)
);
CREATE INDEX claims_until ON claims (until);

-- The job whose failed commands a job orders again, 0 for none.
ALTER TABLE jobs ADD COLUMN retry_of BIGINT NOT NULL DEFAULT 0;
CREATE INDEX jobs_action ON jobs (account, action, id);
CREATE INDEX jobs_source ON jobs (account, source, id);
