-- fetch_attempts counted as they arrive, so that a question about a million of them reads some thousand rows.
-- fillfactor: the rows of this hour, of today and of ever are counted up all the time, and stay on their page.

CREATE TABLE attempt_counts (
    period text NOT NULL CHECK (period IN ('hour', 'day', 'ever')),
    starts_at timestamptz NOT NULL,
    provider text NOT NULL,
    data_type text NOT NULL,
    outcome text NOT NULL,
    calls bigint NOT NULL,
    response_ms double precision NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (period, starts_at, provider, data_type, outcome)
) WITH (fillfactor = 50);
COMMENT ON TABLE attempt_counts IS 'fetch_attempts by UTC hour, by UTC day and of all time, by outcome. Counted by the trigger count_attempts.';
COMMENT ON COLUMN attempt_counts.starts_at IS 'begin of the hour or day, -infinity for ever';
COMMENT ON COLUMN attempt_counts.response_ms IS 'time that the calls took together';

CREATE TABLE attempt_latencies (
    period text NOT NULL CHECK (period IN ('hour', 'day', 'ever')),
    starts_at timestamptz NOT NULL,
    provider text NOT NULL,
    data_type text NOT NULL,
    bucket smallint NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (period, starts_at, provider, data_type, bucket)
) WITH (fillfactor = 50);
COMMENT ON TABLE attempt_latencies IS 'fetch_attempts of the same periods by response time: a histogram, for percentiles. Counted by the same trigger.';
COMMENT ON COLUMN attempt_latencies.bucket IS 'see latency_bucket()';

INSERT INTO attempt_counts
SELECT period, CASE period WHEN 'ever' THEN '-infinity' ELSE date_trunc(period, attempted_at, 'UTC') END AS starts_at,
    provider, data_type, outcome, count(*), sum(response_time_ms::double precision), sum(records)
FROM fetch_attempts CROSS JOIN unnest('{hour,day,ever}'::text[]) AS period
GROUP BY period, starts_at, provider, data_type, outcome;

INSERT INTO attempt_latencies
SELECT period, CASE period WHEN 'ever' THEN '-infinity' ELSE date_trunc(period, attempted_at, 'UTC') END AS starts_at,
    provider, data_type, ceil(4 * ln(greatest(response_time_ms, 1)) / ln(2::double precision)) AS bucket, count(*)
FROM fetch_attempts CROSS JOIN unnest('{hour,day,ever}'::text[]) AS period
GROUP BY period, starts_at, provider, data_type, bucket;
