-- +goose Up
-- Lists in the order in which devices were last heard go along these, and those
-- of devices that are away do not pass over the ones that are online.
DROP INDEX presence_seen;
CREATE INDEX presence_online ON presence (account, last_seen) WHERE online = 1;
CREATE INDEX presence_away ON presence (account, last_seen) WHERE online = 0;

-- By the days on which records were made and devices enrolled; within a day they
-- are in the order of their keys, in which lists are. What says WHERE is not gone
-- along by whoever asks for something else of an account.
CREATE INDEX devices_added ON devices (account, (added / 86400000000)) WHERE added <> 0;
CREATE INDEX devices_enrolled ON devices (account, (enrolled / 86400000000)) WHERE enrolled <> 0;

-- The devices on which scans found threats: how many, and when last.
CREATE TABLE infested (
    device  INTEGER PRIMARY KEY,
    account BIGINT NOT NULL,
    threats BIGINT NOT NULL,
    last    BIGINT NOT NULL
);
INSERT INTO infested (device, account, threats, last)
    SELECT t.device, d.account, COUNT(*), MAX(t.found_last) FROM threats AS t JOIN devices AS d ON d.no = t.device GROUP BY t.device, d.account;
CREATE INDEX infested_account ON infested (account);

-- Who did something, through which door, and what did not go well.
CREATE INDEX jobs_actor ON jobs (account, actor);
CREATE INDEX jobs_name ON jobs (account, name);
CREATE INDEX audit_source ON audit (account, source, seq);
CREATE INDEX audit_actor ON audit (account, actor, seq);
CREATE INDEX audit_outcome ON audit (account, outcome, seq) WHERE outcome <> 'ok';
