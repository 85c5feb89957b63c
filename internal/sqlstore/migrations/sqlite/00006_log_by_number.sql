-- +goose Up
-- The log is read by time, by job and by device. Times never go back in it.
ALTER TABLE log_heads ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
UPDATE log_heads SET at = COALESCE((SELECT MAX(a.at) FROM audit AS a WHERE a.account = log_heads.account), 0);
CREATE INDEX audit_at ON audit (account, at, seq);
CREATE INDEX audit_job ON audit (job, seq) WHERE job <> 0;
CREATE INDEX audit_device ON audit (device, seq) WHERE device <> '';

-- How many events the rows stand for, summed up by kind of rows: what finds a
-- page by its number. See log_events.go.
CREATE TABLE log_kinds (
    no      INTEGER PRIMARY KEY,
    account BIGINT NOT NULL,
    event   TEXT NOT NULL,
    source  BIGINT NOT NULL,
    action  TEXT NOT NULL, -- of jobs
    events  BIGINT NOT NULL,
    UNIQUE (account, event, source, action)
);
CREATE TABLE log_sums (
    kind BIGINT NOT NULL,
    seq  BIGINT NOT NULL,
    sum  BIGINT NOT NULL, -- of the events of this kind up to and with this row
    PRIMARY KEY (kind, seq)
) WITHOUT ROWID;
INSERT INTO log_kinds (account, event, source, action, events)
	SELECT a.account, a.event, a.source, COALESCE(j.action, ''), SUM(CASE WHEN j.id IS NULL THEN 1 ELSE j.targets - j.not_applicable END)
	FROM audit AS a LEFT JOIN jobs AS j ON j.id = a.job AND a.event = 'job_placed'
	WHERE a.event <> 'reports' GROUP BY a.account, a.event, a.source, COALESCE(j.action, '');
INSERT INTO log_sums (kind, seq, sum)
	SELECT k.no, a.seq, SUM(CASE WHEN j.id IS NULL THEN 1 ELSE j.targets - j.not_applicable END)
		OVER (PARTITION BY k.no ORDER BY a.seq)
	FROM audit AS a LEFT JOIN jobs AS j ON j.id = a.job AND a.event = 'job_placed'
	JOIN log_kinds AS k ON k.account = a.account AND k.event = a.event AND k.source = a.source AND k.action = COALESCE(j.action, '');
