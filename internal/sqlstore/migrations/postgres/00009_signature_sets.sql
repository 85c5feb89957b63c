-- +goose Up
-- Signature sets, one row for each version. Of a removed one the number stays,
-- so that it is not given again. The contents of files are in the blob room.
CREATE TABLE signature_sets (
    account     BIGINT NOT NULL REFERENCES accounts (no),
    name        TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    removed     BIGINT NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    files       TEXT COLLATE "C" NOT NULL,
    created     BIGINT NOT NULL,
    created_by  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, name, version)
);

-- What agents are to do, for a group or, with group_no 0, for all groups of the
-- account that have no row.
CREATE TABLE agent_settings (
    account  BIGINT NOT NULL REFERENCES accounts (no),
    group_no BIGINT NOT NULL,
    settings TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, group_no)
);
ALTER TABLE accounts ADD COLUMN agents_revision BIGINT NOT NULL DEFAULT 0;
