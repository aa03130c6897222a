CREATE OR REPLACE VIEW feature_freshness AS
SELECT symbol, timeframe, last_computed_at, data_point_count, status, staleness_seconds, updated_at
FROM current_freshness
WHERE data_type = 'price_features';
COMMENT ON VIEW feature_freshness IS 'How fresh the features of each active symbol and bar length are now.';
