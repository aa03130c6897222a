CREATE OR REPLACE FUNCTION gate_free_at(
    p_seconds double precision, p_spent integer[], p_newest bigint, p_excess integer
) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    kept constant integer := cardinality(p_spent);
    freed integer := 0;
BEGIN
    FOR age IN REVERSE kept - 1 .. 0 LOOP
        freed := freed + p_spent[age + 1];
        IF freed >= p_excess THEN
            RETURN gate_slot_start(p_seconds, p_newest - age + kept);
        END IF;
    END LOOP;
    RETURN gate_slot_start(p_seconds, p_newest + kept);  -- the call costs more than the limit: once the window is empty
END
$$;
COMMENT ON FUNCTION gate_free_at IS 'When so many units too many will have dropped out of a window.';
