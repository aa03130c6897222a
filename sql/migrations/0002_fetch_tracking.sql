-- What was asked of whom, how it went, and what is still owed.

CREATE TABLE fetch_attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempted_at timestamptz NOT NULL,
    run_id text NOT NULL,
    data_type text NOT NULL,
    provider text NOT NULL,
    endpoint text NOT NULL,
    symbols text[] NOT NULL,
    outcome text NOT NULL CHECK (outcome IN (
        'success', 'rate_limited', 'unavailable', 'malformed', 'authentication', 'not_entitled', 'unknown_symbol', 'no_data'
    )),
    http_status smallint,
    response_time_ms real NOT NULL,
    records integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    retry_after_seconds real,
    error_message text,
    sample text
);
COMMENT ON TABLE fetch_attempts IS 'One row per call to a vendor: what was asked, how long it took, what came of it.';
COMMENT ON COLUMN fetch_attempts.sample IS 'first characters of an answer that could not be read';
CREATE INDEX fetch_attempts_by_time ON fetch_attempts (attempted_at); -- retention, and what happened lately
CREATE INDEX fetch_attempts_by_provider ON fetch_attempts (provider, data_type, attempted_at); -- how a vendor is doing
CREATE INDEX fetch_attempts_by_run ON fetch_attempts (run_id); -- what a run did

CREATE TABLE provider_stats (
    provider text NOT NULL,
    data_type text NOT NULL,
    total_attempts bigint NOT NULL DEFAULT 0,
    successes bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    rate_limited bigint NOT NULL DEFAULT 0,
    consecutive_failures integer NOT NULL DEFAULT 0,
    total_response_time_ms double precision NOT NULL DEFAULT 0,
    records bigint NOT NULL DEFAULT 0,
    last_attempt_at timestamptz,
    last_success_at timestamptz,
    last_failure_at timestamptz,
    last_error text,
    PRIMARY KEY (provider, data_type)
);
COMMENT ON TABLE provider_stats IS 'Running totals of fetch_attempts per vendor and data type; an unknown symbol or no data is no failure.';

CREATE TABLE failed_symbols (
    data_type text NOT NULL,
    symbol text NOT NULL,
    partition_key text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'exhausted', 'unknown')),
    attempts integer NOT NULL,
    first_failed_at timestamptz NOT NULL,
    last_failed_at timestamptz NOT NULL,
    next_retry_at timestamptz,
    errors jsonb NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (data_type, symbol, partition_key)
);
COMMENT ON TABLE failed_symbols IS 'Symbols that no vendor answered for: retried after 5, 15 and 60 minutes, then exhausted; cleared by success.';
COMMENT ON COLUMN failed_symbols.state IS 'waiting for next_retry_at, exhausted after the last retry, or unknown to every vendor (not retried)';
COMMENT ON COLUMN failed_symbols.errors IS 'last error by vendor: {"finnhub": "unavailable: HTTP 503"}';
CREATE INDEX failed_symbols_due ON failed_symbols (data_type, next_retry_at) WHERE state = 'waiting'; -- what to retry now
