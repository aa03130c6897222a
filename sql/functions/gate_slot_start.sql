CREATE OR REPLACE FUNCTION gate_slot_start(p_seconds double precision, p_slot bigint) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF p_seconds < 86400 THEN
        RETURN to_timestamp(p_slot * (p_seconds / 50));
    ELSIF p_seconds < 28 * 86400 THEN
        RETURN to_timestamp(p_slot * 86400);
    END IF;
    RETURN make_timestamptz((p_slot / 12)::integer, (p_slot % 12)::integer + 1, 1, 0, 0, 0, 'UTC');
END
$$;
COMMENT ON FUNCTION gate_slot_start IS 'The moment at which a slot of a window begins.';
