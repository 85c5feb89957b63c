-- +goose Up
-- Requests with an Idempotency-Key, and what was answered. Orders keep theirs in
-- repeats, from where the answer is rebuilt.
CREATE TABLE claims (
    account BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    route   TEXT NOT NULL,
    key     BLOB NOT NULL, -- SHA-256
    body    BLOB NOT NULL,
    holder  BIGINT NOT NULL,
    state   BIGINT NOT NULL,
    lease   BIGINT NOT NULL,
    answer  BLOB NOT NULL, -- encrypted
    until   BIGINT NOT NULL,
    PRIMARY KEY (account, actor, route, key)
) WITHOUT ROWID;
CREATE INDEX claims_until ON claims (until);

-- The job whose failed commands a job orders again, 0 for none.
ALTER TABLE jobs ADD COLUMN retry_of BIGINT NOT NULL DEFAULT 0;
CREATE INDEX jobs_action ON jobs (account, action);
CREATE INDEX jobs_source ON jobs (account, source);
