-- +goose Up
-- The rows of the log that tell of reports, by the jobs whose commands these moved
-- and when: a command says when it was moved last, so that the row is found by its
-- device as well. It goes with the job.
CREATE TABLE log_jobs (
    job     BIGINT NOT NULL,
    at      BIGINT NOT NULL, -- as in commands.changed
    account BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (job, at, seq)
);
