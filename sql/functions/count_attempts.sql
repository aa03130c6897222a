-- In the transaction that writes the attempts, so that the counts are as exact as they are, whoever writes and whatever is
-- killed.  In the order of the keys: two writers wait for each other and cannot deadlock.
CREATE OR REPLACE FUNCTION count_attempts() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attempt_counts AS known (period, starts_at, provider, data_type, outcome, calls, response_ms, records)
    SELECT
        period, CASE period WHEN 'ever' THEN '-infinity' ELSE date_trunc(period, attempted_at, 'UTC') END AS begins,
        provider, data_type, outcome, count(*), sum(response_time_ms::double precision), sum(records)
    FROM arrived CROSS JOIN unnest('{hour,day,ever}'::text[]) AS period
    GROUP BY period, begins, provider, data_type, outcome
    ORDER BY period, begins, provider, data_type, outcome
    ON CONFLICT (period, starts_at, provider, data_type, outcome) DO UPDATE SET
        calls = known.calls + excluded.calls,
        response_ms = known.response_ms + excluded.response_ms,
        records = known.records + excluded.records;

    INSERT INTO attempt_latencies AS known (period, starts_at, provider, data_type, bucket, calls)
    SELECT
        period, CASE period WHEN 'ever' THEN '-infinity' ELSE date_trunc(period, attempted_at, 'UTC') END AS begins,
        provider, data_type, latency_bucket(response_time_ms) AS bucket, count(*)
    FROM arrived CROSS JOIN unnest('{hour,day,ever}'::text[]) AS period
    GROUP BY period, begins, provider, data_type, bucket
    ORDER BY period, begins, provider, data_type, bucket
    ON CONFLICT (period, starts_at, provider, data_type, bucket) DO UPDATE SET calls = known.calls + excluded.calls;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION count_attempts IS 'Trigger of fetch_attempts: counts what arrives into attempt_counts and attempt_latencies.';

CREATE OR REPLACE TRIGGER count_attempts AFTER INSERT ON fetch_attempts
REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION count_attempts();
