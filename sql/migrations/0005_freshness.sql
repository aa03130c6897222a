-- How fresh each symbol's data is.  What ages and how fast is declared by the code; when a row turns from fresh to aging and
-- from aging to stale is stored as two moments, so that comparing them with now() needs nobody to be running.

CREATE TABLE data_types (
    data_type text PRIMARY KEY,
    warn_window interval NOT NULL,
    fail_window interval NOT NULL,
    ages text NOT NULL CHECK (ages IN ('always', 'on_session_days', 'while_open')),
    per_symbol boolean NOT NULL,
    timeframes text[] NOT NULL
);
COMMENT ON TABLE data_types IS 'What has to be fresh, as the code declares it: written at start by whatever opens the database.';
COMMENT ON COLUMN data_types.warn_window IS 'younger is fresh';
COMMENT ON COLUMN data_types.fail_window IS 'younger is aging, older stale';
COMMENT ON COLUMN data_types.ages IS 'when age grows: always, on_session_days of the exchange, or while_open';
COMMENT ON COLUMN data_types.per_symbol IS 'false where one answer is about the whole market: its symbol is *';
COMMENT ON COLUMN data_types.timeframes IS 'bar lengths that are kept, {} where there are none';

CREATE TABLE data_freshness (
    data_type text NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL DEFAULT '',
    last_computed_at timestamptz NOT NULL,
    data_point_count bigint NOT NULL CHECK (data_point_count >= 0),
    fresh_until timestamptz,
    stale_at timestamptz CHECK (stale_at >= fresh_until),
    status text NOT NULL CHECK (status IN ('fresh', 'aging', 'stale', 'missing')),
    staleness_seconds bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (data_type, symbol, timeframe)
) WITH (fillfactor = 70); -- room for the hourly update of status on the same page
COMMENT ON TABLE data_freshness IS 'When each symbol was last refreshed. status and staleness_seconds are as of updated_at: current_freshness has those of now.';
COMMENT ON COLUMN data_freshness.timeframe IS 'bar length, '''' where the data type has none';
COMMENT ON COLUMN data_freshness.last_computed_at IS 'when a vendor last settled it (or it was computed); for a refresh of past days the end of those days';
COMMENT ON COLUMN data_freshness.data_point_count IS 'rows of the last answer that had any';
COMMENT ON COLUMN data_freshness.fresh_until IS 'turns from fresh to aging at this moment; null while there are no data points';
COMMENT ON COLUMN data_freshness.stale_at IS 'turns from aging to stale at this moment';
COMMENT ON COLUMN data_freshness.staleness_seconds IS 'by the clock on the wall, whatever the exchange''s calendar says';

CREATE TABLE dagster_freshness (
    data_type text PRIMARY KEY,
    state text NOT NULL,
    recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE dagster_freshness IS 'Dagster''s own verdict on each asset, which is about its last materialisation and knows no symbols and no calendar.';
COMMENT ON COLUMN dagster_freshness.state IS 'PASS, WARN, FAIL, UNKNOWN (never materialised) or NOT_APPLICABLE';
