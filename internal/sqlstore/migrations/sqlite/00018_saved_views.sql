-- +goose Up
CREATE TABLE saved_views (
    id       TEXT PRIMARY KEY,
    account  BIGINT NOT NULL REFERENCES accounts (no),
    operator TEXT NOT NULL, -- empty for one that is shared
    name     TEXT NOT NULL,
    query    TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    saved    BIGINT NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (account, operator, name);
