-- +goose Up
CREATE TABLE saved_views (
    id       TEXT COLLATE "C" PRIMARY KEY,
    account  BIGINT NOT NULL REFERENCES accounts (no),
    operator TEXT COLLATE "C" NOT NULL, -- empty for one that is shared
    name     TEXT COLLATE "C" NOT NULL,
    query    TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    saved    BIGINT NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (account, operator, name);
