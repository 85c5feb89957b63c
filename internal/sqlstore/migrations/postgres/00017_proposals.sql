-- +goose Up
-- Orders that a second person has to agree to. The id is that of the job to be.
CREATE TABLE proposals (
    id             BIGINT PRIMARY KEY,
    account        BIGINT NOT NULL REFERENCES accounts (no),
    state          BIGINT NOT NULL,
    action         TEXT COLLATE "C" NOT NULL,
    params         TEXT COLLATE "C" NOT NULL,
    ordered        TEXT COLLATE "C" NOT NULL,
    digest         BYTEA NOT NULL,
    targets        BIGINT NOT NULL,
    hold           BIGINT NOT NULL,
    source         BIGINT NOT NULL,
    actor          TEXT COLLATE "C" NOT NULL,
    name           TEXT COLLATE "C" NOT NULL,
    person         TEXT COLLATE "C" NOT NULL,
    address        TEXT COLLATE "C" NOT NULL,
    request_id     TEXT COLLATE "C" NOT NULL,
    comment        TEXT COLLATE "C" NOT NULL,
    asked          BIGINT NOT NULL,
    expires        BIGINT NOT NULL,
    decided        BIGINT NOT NULL,
    decider_source BIGINT NOT NULL,
    decider        TEXT COLLATE "C" NOT NULL,
    decider_name   TEXT COLLATE "C" NOT NULL,
    decider_person TEXT COLLATE "C" NOT NULL,
    reason         TEXT COLLATE "C" NOT NULL
);
CREATE INDEX proposals_account ON proposals (account, id);
-- Whose effect a job takes back; 0 for all others.
ALTER TABLE jobs ADD COLUMN undo_of BIGINT NOT NULL DEFAULT 0;
