-- Whether a vendor may be called now: state that every process shares.  Only the functions gate_* change it.
-- fillfactor leaves room on the page, so that the rows that change with every call stay where they are (HOT updates).

CREATE TABLE provider_gates (
    provider text PRIMARY KEY,
    key_hash text,
    slots integer NOT NULL CHECK (slots > 0),
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'throttled', 'key_rejected')),
    away_until timestamptz,
    reason text,
    share double precision NOT NULL DEFAULT 1 CHECK (share > 0 AND share <= 1),
    slowed_at timestamptz,
    rejected_count bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
COMMENT ON TABLE provider_gates IS 'One row per vendor: whether it as a whole may be called.';
COMMENT ON COLUMN provider_gates.key_hash IS 'hash of the key in use, null for a vendor without one; a new key ends key_rejected';
COMMENT ON COLUMN provider_gates.slots IS 'calls in flight at once, all processes together';
COMMENT ON COLUMN provider_gates.share IS 'part of the documented rates that the vendor is asked for since slowed_at, when it last rate-limited us';
COMMENT ON COLUMN provider_gates.rejected_count IS 'asks that found no free slot';

CREATE TABLE provider_windows (
    provider text NOT NULL REFERENCES provider_gates ON DELETE CASCADE,
    seconds double precision NOT NULL CHECK (seconds > 0),
    calls integer NOT NULL CHECK (calls > 0),
    newest bigint NOT NULL,
    spent integer[] NOT NULL,
    PRIMARY KEY (provider, seconds)
) WITH (fillfactor = 20);
COMMENT ON TABLE provider_windows IS 'The rates and quotas of a vendor: at most calls in any seconds, or per UTC day or month from 86400 seconds on.';
COMMENT ON COLUMN provider_windows.spent IS 'units spent in the slots newest, newest - 1, …; a slot is a 20th of the window, for a quota the whole day or month';

CREATE TABLE provider_scopes (
    provider text NOT NULL REFERENCES provider_gates ON DELETE CASCADE,
    scope text NOT NULL,
    state text NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'open', 'cooldown', 'half_open', 'not_entitled')),
    away_until timestamptz,
    reason text,
    opened_at timestamptz,
    closed_at timestamptz,
    recent integer NOT NULL DEFAULT 0,
    seen integer NOT NULL DEFAULT 0,
    last_outcome_at timestamptz,
    failures_in_a_row integer NOT NULL DEFAULT 0,
    refusals_in_a_row integer NOT NULL DEFAULT 0,
    ejections integer NOT NULL DEFAULT 0,
    probe_holder text,
    probe_until timestamptz,
    success_count bigint NOT NULL DEFAULT 0,
    failure_count bigint NOT NULL DEFAULT 0,
    last_failure_at timestamptz,
    PRIMARY KEY (provider, scope)
) WITH (fillfactor = 20);
COMMENT ON TABLE provider_scopes IS 'The circuit breaker of each endpoint of a vendor (closed lets calls through).';
COMMENT ON COLUMN provider_scopes.recent IS 'the last 20 outcomes as bits, 1 for a failure, the newest lowest; seen of them count';
COMMENT ON COLUMN provider_scopes.ejections IS 'cooldowns in close succession: each doubles the next one';
COMMENT ON COLUMN provider_scopes.probe_holder IS 'the process whose one call decides a half-open breaker, until probe_until';

CREATE TABLE provider_leases (
    provider text NOT NULL REFERENCES provider_gates ON DELETE CASCADE,
    holder text NOT NULL,
    slots integer NOT NULL CHECK (slots > 0),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (provider, holder)
) WITH (fillfactor = 20);
COMMENT ON TABLE provider_leases IS 'Calls in flight by process; a process that was killed gives its slots back by expiry.';

CREATE TABLE provider_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    provider text NOT NULL,
    scope text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    reason text NOT NULL
);
COMMENT ON TABLE provider_events IS 'Every change of a gate''s state: why was a vendor off at 10:31?';
COMMENT ON COLUMN provider_events.scope IS 'data type and endpoint, '''' for the whole vendor';
CREATE INDEX provider_events_by_time ON provider_events (at); -- what happened lately, and retention
