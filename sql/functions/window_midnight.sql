CREATE OR REPLACE FUNCTION window_midnight(p_window interval) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('day', window_begins_at(p_window) + interval '23 hours', 'UTC')
$$;
COMMENT ON FUNCTION window_midnight IS 'The first midnight (UTC) in a window until now: from here on it is counted by days, before by hours.';
