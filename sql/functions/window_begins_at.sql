CREATE OR REPLACE FUNCTION window_begins_at(p_window interval) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('hour', now() - p_window, 'UTC')
$$;
COMMENT ON FUNCTION window_begins_at IS 'The full hour with which a window until now begins.';
