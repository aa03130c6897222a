CREATE OR REPLACE FUNCTION attempt_latencies_within(p_window interval) RETURNS SETOF attempt_latencies
LANGUAGE sql STABLE AS $$
    SELECT * FROM attempt_latencies WHERE period = 'ever' AND p_window IS NULL
    UNION ALL
    SELECT * FROM attempt_latencies
    WHERE period = 'hour' AND starts_at >= window_begins_at(p_window) AND starts_at < window_midnight(p_window)
    UNION ALL
    SELECT * FROM attempt_latencies WHERE period = 'day' AND starts_at >= window_midnight(p_window)
$$;
COMMENT ON FUNCTION attempt_latencies_within IS 'The rows of attempt_latencies that make up a window until now, each attempt once; of all time for null.';
