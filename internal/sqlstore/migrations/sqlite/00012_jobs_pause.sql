-- +goose Up
-- Since when the agents of a job hold back, in microseconds; 0 if they do not.
ALTER TABLE jobs ADD COLUMN paused_at INTEGER NOT NULL DEFAULT 0;
