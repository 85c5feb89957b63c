-- +goose Up
-- Lists and searches read names by account.
ALTER TABLE device_names ADD COLUMN account BIGINT NOT NULL DEFAULT 0;
UPDATE device_names SET account = (SELECT d.account FROM devices AS d WHERE d.no = device_names.device);
CREATE INDEX device_names_custom ON device_names (account, custom_id) WHERE custom_id <> '';
