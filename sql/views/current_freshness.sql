CREATE OR REPLACE VIEW current_freshness AS
WITH expected AS NOT MATERIALIZED (
    SELECT kind.data_type, tracked.symbol, '' AS timeframe
    FROM data_types AS kind CROSS JOIN tracked_symbols AS tracked
    WHERE kind.per_symbol AND kind.timeframes = '{}' AND tracked.active
    UNION ALL
    SELECT kind.data_type, tracked.symbol, bar.length
    FROM data_types AS kind CROSS JOIN tracked_symbols AS tracked CROSS JOIN unnest(tracked.timeframes) AS bar (length)
    WHERE kind.per_symbol AND bar.length = ANY (kind.timeframes) AND tracked.active
    UNION ALL
    SELECT kind.data_type, '*', '' FROM data_types AS kind WHERE NOT kind.per_symbol
)
SELECT
    data_type,
    symbol,
    timeframe,
    kept.last_computed_at,
    coalesce(kept.data_point_count, 0) AS data_point_count,
    freshness_status(kept.fresh_until, kept.stale_at, now()) AS status,
    floor(extract(epoch FROM now() - kept.last_computed_at))::bigint AS staleness_seconds,
    kept.fresh_until,
    kept.stale_at,
    kept.updated_at
FROM expected LEFT JOIN data_freshness AS kept USING (data_type, symbol, timeframe);
COMMENT ON VIEW current_freshness IS 'How fresh the data of every active symbol is now, missing where it was never fetched: true also when nothing runs.';
