-- The state is told, not a change of it: a message that is lost or repeated does no harm.
CREATE OR REPLACE FUNCTION gate_hold(
    p_provider text, p_holder text, p_slots integer, p_units integer, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_slots = 0 AND p_units = 0 THEN
        DELETE FROM provider_leases WHERE provider = p_provider AND holder = p_holder;
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM provider_leases
        WHERE provider = p_provider AND holder = p_holder AND slots = p_slots AND units = p_units
            AND expires_at BETWEEN p_at + interval '290 s' AND p_at + interval '300 s'
    ) THEN
        RETURN;  -- as it is: reading costs a sixth of writing
    END IF;
    INSERT INTO provider_leases AS held (provider, holder, slots, units, expires_at)
    VALUES (p_provider, p_holder, p_slots, p_units, p_at + interval '300 s')
    ON CONFLICT (provider, holder) DO UPDATE
    SET slots = excluded.slots, units = excluded.units, expires_at = excluded.expires_at;
END
$$;
COMMENT ON FUNCTION gate_hold IS 'So many slots and units of a vendor are this process'', for 290 to 300 s from now on.';
