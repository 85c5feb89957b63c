-- +goose Up
-- Rows of these two events can stand for no event, and then no running sum has
-- them: readings of such rows go along this.
CREATE INDEX audit_uncounted ON audit (account, event, source, seq) WHERE event = 'job_placed' OR event = 'reports';
