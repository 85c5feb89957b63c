-- +goose Up
-- A group's devices in the order of their hostnames. The hostname stands with the
-- group, so that a device that moves changes one row.
ALTER TABLE devices ADD COLUMN folded TEXT NOT NULL DEFAULT ''; -- as in device_names
UPDATE devices SET folded = (SELECT n.folded FROM device_names AS n WHERE n.device = devices.no)
    WHERE no IN (SELECT device FROM device_names);
CREATE INDEX devices_group_folded ON devices (group_no, folded);
