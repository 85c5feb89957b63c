-- +goose Up
-- What the agents of others say of a device: a row for each that one of them
-- saw, and that had no agent then.
CREATE TABLE discoveries (
    device    INTEGER PRIMARY KEY,
    account   BIGINT NOT NULL,
    finder    BIGINT NOT NULL, -- the device whose agent saw it first; 0 if it was imported before
    origin    BIGINT NOT NULL,
    object    TEXT NOT NULL, -- in the directory; empty for none
    seen_by   TEXT NOT NULL, -- ids of devices, latest first
    first     BIGINT NOT NULL
);
CREATE INDEX discoveries_finder ON discoveries (account, finder);
CREATE INDEX discoveries_object ON discoveries (account, object) WHERE object <> '';
