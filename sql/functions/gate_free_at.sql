CREATE OR REPLACE FUNCTION gate_free_at(p_window provider_windows, p_excess integer) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    kept constant integer := cardinality(p_window.spent);
    freed integer := 0;
BEGIN
    FOR age IN REVERSE kept - 1 .. 0 LOOP
        freed := freed + p_window.spent[age + 1];
        IF freed >= p_excess THEN
            RETURN gate_slot_start(p_window.seconds, p_window.newest - age + kept);
        END IF;
    END LOOP;
    -- calls under way have to end first, and may do so now; or the call costs more than the limit and needs an empty window
    RETURN gate_slot_start(p_window.seconds, p_window.newest + kept);
END
$$;
COMMENT ON FUNCTION gate_free_at IS 'When so many units too many will have dropped out of a window, at the earliest.';
