-- +goose Up
-- What scans found on devices: a row for each file and signature, however many
-- scans found it.
CREATE TABLE threats (
    device      BIGINT NOT NULL,
    finding     BIGINT NOT NULL, -- of a hash over path, signature and engine: paths are too long for keys
    path        TEXT NOT NULL,
    signature   TEXT NOT NULL,
    engine      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    sha256      TEXT NOT NULL,
    md5         TEXT NOT NULL,
    found_first BIGINT NOT NULL,
    found_last  BIGINT NOT NULL,
    scans       BIGINT NOT NULL,
    job         BIGINT NOT NULL, -- the last scan that counted
    PRIMARY KEY (device, finding)
);
