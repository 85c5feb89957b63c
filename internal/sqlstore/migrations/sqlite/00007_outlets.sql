-- +goose Up
-- Webhooks and exports: where an account's log flows by itself, and how far it
-- has come. One node at a time holds a row, until held_until. No number is given
-- twice, so that nobody takes a row for one that was removed.
CREATE TABLE outlets (
    no           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      BIGINT NOT NULL REFERENCES accounts (no),
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    enabled      BIGINT NOT NULL,
    events       TEXT NOT NULL,
    settings     TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    version      BIGINT NOT NULL,
    created      BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    leaf         BIGINT NOT NULL,
    failures     BIGINT NOT NULL,
    last_success BIGINT NOT NULL,
    last_failure BIGINT NOT NULL,
    last_error   TEXT NOT NULL,
    holder       TEXT NOT NULL,
    held_until   BIGINT NOT NULL,
    UNIQUE (account, name)
);
