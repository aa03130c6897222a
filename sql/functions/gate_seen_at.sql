-- A window of length T touches at most 51 slots of T/50, so 51 are kept: in any T there are never more units than the
-- limit, whatever the phase, at the price of at most a 50th of the rate.
CREATE OR REPLACE FUNCTION gate_seen_at(p_window provider_windows, p_at timestamptz) RETURNS provider_windows
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    slot constant bigint := gate_slot(p_window.seconds, p_at);
    kept integer;
    passed integer;
    units integer;
BEGIN
    IF slot <= p_window.newest THEN
        RETURN p_window;  -- a clock that was set back frees nothing
    END IF;
    kept := cardinality(p_window.spent);
    passed := least(slot - p_window.newest, kept);
    IF p_window.used > 0 THEN
        FOREACH units IN ARRAY p_window.spent[kept - passed + 1:] LOOP
            p_window.used := p_window.used - units;
        END LOOP;
        p_window.spent := array_fill(0, ARRAY[passed]) || p_window.spent[:kept - passed];
    END IF;
    p_window.newest := slot;
    RETURN p_window;
END
$$;
COMMENT ON FUNCTION gate_seen_at IS 'A window as it is at a later moment: what has become older than it is long has dropped out.';
