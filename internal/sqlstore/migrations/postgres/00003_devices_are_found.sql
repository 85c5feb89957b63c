-- +goose Up
-- As in sqlite/, where it is explained.
ALTER TABLE device_names ADD COLUMN account BIGINT NOT NULL DEFAULT 0;
ALTER TABLE device_names ADD COLUMN type TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN nick TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN users TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN addresses TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE device_names SET nick = lower(nickname), account = d.account
    FROM devices AS d WHERE d.no = device_names.device AND d.class & 7 <> 7;
CREATE INDEX device_names_custom ON device_names (account, custom_id) WHERE custom_id <> '';
CREATE INDEX device_names_folded ON device_names (account, folded, device);
CREATE INDEX device_names_type ON device_names (account, type, device) WHERE type <> '';

-- The extension belongs to the database. It may be there already, in whatever
-- schema; it must not be in ours, which may be dropped while others need it.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE (SELECT format('CREATE INDEX device_names_words ON device_names USING gin
        (folded %1$I.gin_trgm_ops, nick %1$I.gin_trgm_ops, users %1$I.gin_trgm_ops, addresses %1$I.gin_trgm_ops)', n.nspname)
        FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm');
END $$;
-- +goose StatementEnd

ALTER TABLE presence ADD COLUMN account BIGINT NOT NULL DEFAULT 0;
UPDATE presence SET account = d.account FROM devices AS d WHERE d.no = presence.device;
INSERT INTO presence (device, account, online, last_seen, address)
    SELECT no, account, 0, 0, '' FROM devices WHERE class & 7 <> 7 ON CONFLICT DO NOTHING;
CREATE INDEX presence_seen ON presence (account, last_seen, device);
CREATE INDEX presence_day ON presence (account, (CASE WHEN online = 1 THEN -1 ELSE last_seen / 86400000000 END), device);

DROP INDEX devices_account;
CREATE INDEX devices_live ON devices (account, no) WHERE class & 7 < 4;
CREATE INDEX devices_class ON devices (account, class, no);
CREATE INDEX devices_group_class ON devices (group_no, class, no);
