-- +goose Up
-- Every time that the user of a device said who it is. The latest answers are
-- in device_facts as well.
CREATE TABLE identifications (
    device  BIGINT NOT NULL,
    job     BIGINT NOT NULL,
    leaf    BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    door    TEXT NOT NULL,
    name    TEXT NOT NULL, -- of who was logged in
    address TEXT NOT NULL,
    answers TEXT NOT NULL, -- JSON
    PRIMARY KEY (device, job, leaf)
) WITHOUT ROWID;
