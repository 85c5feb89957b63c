-- +goose Up
-- What the list of apps tells, and where browsers may be sent with a code.
ALTER TABLE apps ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN modified BIGINT NOT NULL DEFAULT 0;
UPDATE apps SET modified = created;

-- What operators let apps do: one row however often its secret has changed. No
-- number is given twice, since tokens name it.
CREATE TABLE grants (
    no           INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id    TEXT NOT NULL REFERENCES apps (client_id),
    operator     TEXT NOT NULL REFERENCES operators (name),
    scopes       TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    step         BIGINT NOT NULL,
    handle       TEXT NOT NULL UNIQUE,
    secret       TEXT NOT NULL,
    expires      BIGINT NOT NULL,
    begun        BIGINT NOT NULL
);
CREATE INDEX grants_app ON grants (client_id);
CREATE INDEX grants_operator ON grants (operator);

-- Whom operators need not be asked about again.
CREATE TABLE agreements (
    operator  TEXT NOT NULL REFERENCES operators (name),
    client_id TEXT NOT NULL REFERENCES apps (client_id),
    scopes    TEXT NOT NULL,
    PRIMARY KEY (operator, client_id)
) WITHOUT ROWID;

ALTER TABLE tokens ADD COLUMN grant_no BIGINT NOT NULL DEFAULT 0; -- 0 for an app by itself
CREATE INDEX tokens_grant ON tokens (grant_no) WHERE grant_no <> 0;
