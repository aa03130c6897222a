-- Windows are counted in slots of a 50th of their length; a quota (a day or longer) has one, which is the UTC day or month.
CREATE OR REPLACE FUNCTION gate_slot(p_seconds double precision, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF p_seconds < 86400 THEN
        RETURN floor(date_part('epoch', p_at) / (p_seconds / 50));  -- extract would give numeric, which is slower
    ELSIF p_seconds < 28 * 86400 THEN
        RETURN floor(date_part('epoch', p_at) / 86400);
    END IF;
    RETURN extract(year FROM p_at AT TIME ZONE 'UTC') * 12 + extract(month FROM p_at AT TIME ZONE 'UTC') - 1;
END
$$;
COMMENT ON FUNCTION gate_slot IS 'The number of the slot of a window that a moment lies in.';
