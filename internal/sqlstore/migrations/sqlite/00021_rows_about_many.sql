-- +goose Up
-- The devices of which a row of the log tells that is about many, so that it is
-- found by each of them. A list is made before the row has its number.
CREATE TABLE log_lists (
    no      INTEGER PRIMARY KEY,
    account BIGINT NOT NULL,
    seq     BIGINT NOT NULL
);
CREATE INDEX log_lists_row ON log_lists (account, seq);
CREATE TABLE log_devices (
    list   BIGINT NOT NULL,
    device BIGINT NOT NULL,
    PRIMARY KEY (list, device)
) WITHOUT ROWID;
CREATE INDEX log_devices_device ON log_devices (device);
