CREATE OR REPLACE FUNCTION get_provider_performance(p_data_type text DEFAULT NULL, p_window interval DEFAULT NULL)
RETURNS TABLE (
    provider text,
    total_attempts bigint,
    successes bigint,
    failures bigint,
    rate_limited bigint,
    success_rate double precision,
    avg_response_time_ms double precision,
    p50_response_ms double precision,
    p95_response_ms double precision,
    records bigint,
    last_success_at timestamptz,
    last_error text,
    state text,
    reason text,
    away_until timestamptz,
    tokens_left integer,
    quota_left integer
)
LANGUAGE sql STABLE AS $$
    WITH totals AS (
        SELECT
            counts.provider,
            sum(calls) AS attempts,
            sum(calls) FILTER (WHERE attempt_kind(outcome) = 'success') AS good,
            sum(calls) FILTER (WHERE attempt_kind(outcome) = 'rate_limited') AS limited,
            sum(response_ms) AS response_ms,
            sum(counts.records) AS records
        FROM attempt_counts_within(p_window) AS counts
        WHERE p_data_type IS NULL OR data_type = p_data_type
        GROUP BY counts.provider
    ), histograms AS (
        SELECT
            latencies.provider, bucket, sum(calls) AS calls,
            sum(sum(calls)) OVER (PARTITION BY latencies.provider ORDER BY bucket) AS up_to_here,
            sum(sum(calls)) OVER (PARTITION BY latencies.provider) AS all_calls
        FROM attempt_latencies_within(p_window) AS latencies
        WHERE p_data_type IS NULL OR data_type = p_data_type
        GROUP BY latencies.provider, bucket
    ), percentiles AS (
        SELECT
            histograms.provider,
            max(latency_within(bucket, least(1, (0.5 * all_calls - up_to_here + calls) / calls)::double precision))
                FILTER (WHERE up_to_here - calls < 0.5 * all_calls) AS p50,
            max(latency_within(bucket, least(1, (0.95 * all_calls - up_to_here + calls) / calls)::double precision))
                FILTER (WHERE up_to_here - calls < 0.95 * all_calls) AS p95
        FROM histograms GROUP BY histograms.provider
    ), known AS (
        SELECT stats.provider, max(stats.last_success_at) AS last_success_at,
            (array_agg(stats.last_error ORDER BY stats.last_failure_at DESC NULLS LAST))[1] AS last_error
        FROM provider_stats AS stats
        WHERE p_data_type IS NULL OR data_type = p_data_type
        GROUP BY stats.provider
    ), gates AS (
        SELECT DISTINCT ON (name) name AS provider, gate.state, gate.reason, gate.away_until, gate.tokens_left, gate.quota_left
        FROM provider_status AS gate
        WHERE p_data_type IS NULL OR gate.scope IS NULL OR split_part(gate.scope, '/', 1) = p_data_type
        ORDER BY name, array_position('{key_rejected,throttled,open,cooldown,half_open,not_entitled}', gate.state), gate.away_until
    )
    SELECT
        provider,
        coalesce(attempts, 0)::bigint,
        coalesce(good, 0)::bigint,
        (coalesce(attempts, 0) - coalesce(good, 0) - coalesce(limited, 0))::bigint,
        coalesce(limited, 0)::bigint,
        (100.0 * coalesce(good, 0) / nullif(attempts - coalesce(limited, 0), 0))::double precision,
        totals.response_ms / attempts::double precision,
        p50,
        p95,
        coalesce(totals.records, 0)::bigint,
        known.last_success_at,
        known.last_error,
        gates.state,
        gates.reason,
        nullif(gates.away_until, 'infinity'),
        gates.tokens_left,
        gates.quota_left
    FROM totals
    JOIN percentiles USING (provider)
    FULL JOIN known USING (provider)
    FULL JOIN gates USING (provider)
    ORDER BY provider
$$;
COMMENT ON FUNCTION get_provider_performance IS 'How each vendor does, of all time or in a window (to the hour): rates in percent, times in ms, percentiles within 19 %, its gate''s worst state.';
