CREATE OR REPLACE FUNCTION attempt_counts_within(p_window interval) RETURNS SETOF attempt_counts
LANGUAGE sql STABLE AS $$
    SELECT * FROM attempt_counts WHERE period = 'ever' AND p_window IS NULL
    UNION ALL
    SELECT * FROM attempt_counts
    WHERE period = 'hour' AND starts_at >= window_begins_at(p_window) AND starts_at < window_midnight(p_window)
    UNION ALL
    SELECT * FROM attempt_counts WHERE period = 'day' AND starts_at >= window_midnight(p_window)
$$;
COMMENT ON FUNCTION attempt_counts_within IS 'The rows of attempt_counts that make up a window until now, each attempt once; of all time for null.';
