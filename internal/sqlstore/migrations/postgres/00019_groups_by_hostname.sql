-- +goose Up
-- As in sqlite/, where it is explained.
ALTER TABLE devices ADD COLUMN folded TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE devices SET folded = n.folded FROM device_names AS n WHERE n.device = devices.no;
CREATE INDEX devices_group_folded ON devices (group_no, folded, no);
