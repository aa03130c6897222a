CREATE OR REPLACE FUNCTION gate_spend(p_provider text, p_units integer, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    spending provider_windows;
    slot bigint;
    place integer;
BEGIN
    FOR spending IN SELECT * FROM provider_windows WHERE provider = p_provider LOOP
        slot := gate_slot(spending.seconds, p_at);
        spending.spent := gate_spent(spending.spent, spending.newest, slot);
        spending.newest := greatest(spending.newest, slot);
        -- the slot of p_at, which is not the newest when units are given back; what has dropped out stays out.  After a
        -- clock was set back, new units count as of the newest slot
        place := CASE WHEN p_units > 0 THEN 1 ELSE spending.newest - slot + 1 END;
        IF place <= cardinality(spending.spent) THEN
            spending.spent[place] := greatest(0, spending.spent[place] + p_units);
        END IF;
        UPDATE provider_windows SET newest = spending.newest, spent = spending.spent
        WHERE provider = p_provider AND seconds = spending.seconds;
    END LOOP;
END
$$;
COMMENT ON FUNCTION gate_spend IS 'Counts units as spent at a moment in every window of a vendor, or gives back (fewer than 0) what was leased then.';
