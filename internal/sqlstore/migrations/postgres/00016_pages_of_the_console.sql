-- +goose Up
-- As in sqlite/, where it is explained.
DROP INDEX presence_seen;
CREATE INDEX presence_online ON presence (account, last_seen, device) WHERE online = 1;
CREATE INDEX presence_away ON presence (account, last_seen, device) WHERE online = 0;

CREATE INDEX devices_added ON devices (account, (added / 86400000000), no) WHERE added <> 0;
CREATE INDEX devices_enrolled ON devices (account, (enrolled / 86400000000), no) WHERE enrolled <> 0;

CREATE TABLE infested (
    device  BIGINT PRIMARY KEY,
    account BIGINT NOT NULL,
    threats BIGINT NOT NULL,
    last    BIGINT NOT NULL
);
INSERT INTO infested (device, account, threats, last)
    SELECT t.device, d.account, COUNT(*), MAX(t.found_last) FROM threats AS t JOIN devices AS d ON d.no = t.device GROUP BY t.device, d.account;
CREATE INDEX infested_account ON infested (account, device);

CREATE INDEX jobs_actor ON jobs (account, actor, id);
CREATE INDEX jobs_name ON jobs (account, name, id);
CREATE INDEX audit_source ON audit (account, source, seq);
CREATE INDEX audit_actor ON audit (account, actor, seq);
CREATE INDEX audit_outcome ON audit (account, outcome, seq) WHERE outcome <> 'ok';
