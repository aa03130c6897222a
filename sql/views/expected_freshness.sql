CREATE OR REPLACE VIEW expected_freshness AS
SELECT kind.data_type, tracked.symbol, '' AS timeframe
FROM data_types AS kind CROSS JOIN tracked_symbols AS tracked
WHERE kind.per_symbol AND kind.timeframes = '{}' AND tracked.active
UNION ALL
SELECT kind.data_type, tracked.symbol, bar.length
FROM data_types AS kind CROSS JOIN tracked_symbols AS tracked CROSS JOIN unnest(tracked.timeframes) AS bar (length)
WHERE kind.per_symbol AND bar.length = ANY (kind.timeframes) AND tracked.active
UNION ALL
SELECT kind.data_type, unnest(kind.subjects), '' FROM data_types AS kind WHERE NOT kind.per_symbol;
COMMENT ON VIEW expected_freshness IS 'What has to be fresh: each data type for each active symbol and the bar lengths it keeps, or the whole market, or indices.';
