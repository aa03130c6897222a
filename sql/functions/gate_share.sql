CREATE OR REPLACE FUNCTION gate_share(p_share double precision, p_slowed_at timestamptz, p_at timestamptz)
RETURNS double precision
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_slowed_at IS NULL THEN
        RETURN p_share;
    END IF;
    RETURN least(1, p_share + 0.01 * extract(epoch FROM p_at - p_slowed_at) / 60);  -- one x 0.7 is made good in 30 minutes
END
$$;
COMMENT ON FUNCTION gate_share IS 'The part of its documented rates that a vendor is asked for: less after a 429, recovering by 1 % a minute.';
