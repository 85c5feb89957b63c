-- +goose Up
-- What account-wide answers need: a name of the account for others, and its
-- administrators' settings.
ALTER TABLE accounts ADD COLUMN license_key TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN settings TEXT NOT NULL DEFAULT '';
UPDATE accounts SET license_key = replace(CAST(gen_random_uuid() AS TEXT), '-', '');

-- What administrators and integrations say of a device.
ALTER TABLE device_names ADD COLUMN custom_id TEXT NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN linked_user TEXT NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN linked_team TEXT NOT NULL DEFAULT '';
