-- What somebody should know about: raised while a rule says so, told once to everybody, and told again when it is over.

CREATE TABLE alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning')),
    message text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    closed_at timestamptz,
    notified_at timestamptz,
    recovery_notified_at timestamptz,
    notified text[] NOT NULL DEFAULT '{}',
    recovery_notified text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE alerts IS 'What rules found wrong, a row from the first time it was seen until it is closed; at most one open row per name and subject.';
COMMENT ON COLUMN alerts.name IS 'the rule: SchedulerNotRunning, HighFailureRate, …';
COMMENT ON COLUMN alerts.subject IS 'what it is about: a job, a schedule, a data type; empty where there is only one';
COMMENT ON COLUMN alerts.closed_at IS 'when it had not been seen for some minutes';
COMMENT ON COLUMN alerts.notified_at IS 'when somebody was last told of it';
COMMENT ON COLUMN alerts.notified IS 'who has been told of it: hashes of the entries of ALERT_URLS';
COMMENT ON COLUMN alerts.recovery_notified IS 'who has been told that it is over';
CREATE UNIQUE INDEX alerts_open ON alerts (name, subject) WHERE closed_at IS NULL;
CREATE INDEX alerts_by_time ON alerts (first_seen_at); -- what happened lately, and retention
