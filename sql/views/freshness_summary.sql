CREATE OR REPLACE VIEW freshness_summary AS
SELECT
    data_type,
    count(*) FILTER (WHERE fresh_until > now()) AS fresh_count,
    count(*) FILTER (WHERE fresh_until <= now() AND stale_at > now()) AS aging_count,
    count(*) FILTER (WHERE stale_at <= now()) AS stale_count,
    count(*) FILTER (WHERE fresh_until IS NULL) AS missing_count,
    count(*) AS total_monitored,
    max(last_computed_at) AS last_computed_at
FROM data_freshness
GROUP BY data_type;
COMMENT ON VIEW freshness_summary IS 'How much of each data type is fresh, aging, stale and missing now.';
