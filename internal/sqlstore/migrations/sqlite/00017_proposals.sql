-- +goose Up
-- Orders that a second person has to agree to. The id is that of the job to be.
CREATE TABLE proposals (
    id             INTEGER PRIMARY KEY,
    account        BIGINT NOT NULL REFERENCES accounts (no),
    state          BIGINT NOT NULL,
    action         TEXT NOT NULL,
    params         TEXT NOT NULL,
    ordered        TEXT NOT NULL,
    digest         BLOB NOT NULL,
    targets        BIGINT NOT NULL,
    hold           BIGINT NOT NULL,
    source         BIGINT NOT NULL,
    actor          TEXT NOT NULL,
    name           TEXT NOT NULL,
    person         TEXT NOT NULL,
    address        TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    comment        TEXT NOT NULL,
    asked          BIGINT NOT NULL,
    expires        BIGINT NOT NULL,
    decided        BIGINT NOT NULL,
    decider_source BIGINT NOT NULL,
    decider        TEXT NOT NULL,
    decider_name   TEXT NOT NULL,
    decider_person TEXT NOT NULL,
    reason         TEXT NOT NULL
);
CREATE INDEX proposals_account ON proposals (account);
-- Whose effect a job takes back; 0 for all others.
ALTER TABLE jobs ADD COLUMN undo_of BIGINT NOT NULL DEFAULT 0;
