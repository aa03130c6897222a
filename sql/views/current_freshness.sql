CREATE OR REPLACE VIEW current_freshness AS
SELECT
    data_type,
    symbol,
    timeframe,
    last_computed_at,
    data_point_count,
    freshness_status(fresh_until, stale_at, now()) AS status,
    floor(extract(epoch FROM now() - last_computed_at))::bigint AS staleness_seconds,
    fresh_until,
    stale_at,
    updated_at
FROM data_freshness;
COMMENT ON VIEW current_freshness IS 'How fresh the data of every active symbol is now, missing where it was never fetched: true also when nothing runs.';
