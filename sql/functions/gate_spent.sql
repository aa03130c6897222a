-- A window of length T touches at most 21 slots of T/20, so 21 are kept: in any T there are never more units than the
-- limit, whatever the phase, at the price of at most a 20th of the rate.
CREATE OR REPLACE FUNCTION gate_spent(p_spent integer[], p_newest bigint, p_slot bigint) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    kept constant integer := cardinality(p_spent);
    passed constant integer := least(greatest(p_slot - p_newest, 0), kept);  -- a clock set back frees nothing
BEGIN
    IF passed = 0 THEN
        RETURN p_spent;
    END IF;
    RETURN array_fill(0, ARRAY[passed]) || p_spent[1:kept - passed];
END
$$;
COMMENT ON FUNCTION gate_spent IS 'What a window has spent, seen from a later slot: older slots have dropped out at the end.';
