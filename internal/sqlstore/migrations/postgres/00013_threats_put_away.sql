-- +goose Up
-- The name of the file in its device's quarantine; empty if it is not there.
ALTER TABLE threats ADD COLUMN quarantine TEXT NOT NULL DEFAULT '';
