CREATE OR REPLACE FUNCTION gate_seconds(p_from timestamptz, p_until timestamptz) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF p_until = 'infinity' THEN
        RETURN 'Infinity';  -- before PostgreSQL 17 there is no interval of that length
    END IF;
    RETURN extract(epoch FROM p_until - p_from);
END
$$;
COMMENT ON FUNCTION gate_seconds IS 'Seconds from one moment to another, which may be infinitely far.';
