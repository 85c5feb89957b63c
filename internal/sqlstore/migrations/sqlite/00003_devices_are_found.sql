-- +goose Up
-- Lists and searches go along indexes, one for each thing that a list is
-- filtered or ordered by. Those over classes are the only ones that name what
-- bulk actions change: a list of three ignored devices among a million needs
-- them. What the agents said is filled in by their next Hello.
ALTER TABLE device_names ADD COLUMN account BIGINT NOT NULL DEFAULT 0; -- 0 once erased
ALTER TABLE device_names ADD COLUMN type TEXT NOT NULL DEFAULT '';
-- As they are searched: in lower case, several of them in lines.
ALTER TABLE device_names ADD COLUMN nick TEXT NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN users TEXT NOT NULL DEFAULT '';
ALTER TABLE device_names ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
UPDATE device_names SET nick = lower(nickname),
    account = (SELECT d.account FROM devices AS d WHERE d.no = device_names.device AND d.class & 7 <> 7)
WHERE device IN (SELECT d.no FROM devices AS d WHERE d.class & 7 <> 7);
CREATE INDEX device_names_custom ON device_names (account, custom_id) WHERE custom_id <> '';
CREATE INDEX device_names_folded ON device_names (account, folded);
CREATE INDEX device_names_type ON device_names (account, type) WHERE type <> '';

-- PostgreSQL has a trigram index for this. What is in it has to be taken out
-- with the very words that it was put in with.
CREATE VIRTUAL TABLE words USING fts5 (folded, nick, users, addresses,
    content = 'device_names', content_rowid = 'device', tokenize = 'trigram case_sensitive 1', detail = column);
INSERT INTO words (words) VALUES ('rebuild');

-- Every device has a row, also before its agent is heard.
ALTER TABLE presence ADD COLUMN account BIGINT NOT NULL DEFAULT 0;
UPDATE presence SET account = (SELECT d.account FROM devices AS d WHERE d.no = presence.device);
INSERT INTO presence (device, account, online, last_seen, address)
    SELECT no, account, 0, 0, '' FROM devices WHERE class & 7 <> 7 ON CONFLICT DO NOTHING;
CREATE INDEX presence_seen ON presence (account, last_seen);
-- The day on which a device that is away was heard last, -1 for one that is not.
CREATE INDEX presence_day ON presence (account, (CASE WHEN online = 1 THEN -1 ELSE last_seen / 86400000000 END));

DROP INDEX devices_account;
CREATE INDEX devices_live ON devices (account, no, class) WHERE class & 7 < 4;
CREATE INDEX devices_class ON devices (account, class);
CREATE INDEX devices_group_class ON devices (group_no, class);
