CREATE OR REPLACE VIEW fetch_tracking_summary AS
WITH counted AS (
    SELECT
        data_type,
        provider,
        sum(calls)::bigint AS total_attempts,
        coalesce(sum(calls) FILTER (WHERE attempt_kind(outcome) = 'success'), 0)::bigint AS successes,
        coalesce(sum(calls) FILTER (WHERE attempt_kind(outcome) = 'rate_limited'), 0)::bigint AS rate_limited,
        sum(response_ms) / sum(calls)::double precision AS avg_response_time_ms,
        sum(records)::bigint AS records
    FROM attempt_counts_within('1 day')
    GROUP BY data_type, provider
)
SELECT
    data_type,
    provider,
    counted.total_attempts,
    counted.successes,
    counted.total_attempts - counted.successes - counted.rate_limited AS failures,
    counted.rate_limited,
    (100.0 * counted.successes / nullif(counted.total_attempts - counted.rate_limited, 0))::double precision AS success_rate,
    counted.avg_response_time_ms,
    counted.records,
    stats.last_attempt_at,
    stats.last_success_at,
    stats.last_error
FROM counted LEFT JOIN provider_stats AS stats USING (data_type, provider);
COMMENT ON VIEW fetch_tracking_summary IS 'The fetches of the last day (to the hour) by data type and vendor. success_rate is in percent and leaves rate-limited calls out.';
