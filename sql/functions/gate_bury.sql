CREATE OR REPLACE FUNCTION gate_bury(p_provider text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    units integer;
BEGIN
    WITH expired AS (
        DELETE FROM provider_leases WHERE provider = p_provider AND expires_at <= p_at RETURNING provider_leases.units
    )
    SELECT sum(expired.units) INTO units FROM expired;
    PERFORM gate_spend(p_provider, units, p_at);  -- whether its last calls were made nobody knows any more
END
$$;
COMMENT ON FUNCTION gate_bury IS 'Takes slots back from processes that have not been heard of for 300 s, and counts what they held as spent.';
