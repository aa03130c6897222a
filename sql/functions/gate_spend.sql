CREATE OR REPLACE FUNCTION gate_spend(p_provider text, p_units integer, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE provider_windows AS spending
    SET (newest, spent, used) = (
        SELECT seen.newest, (seen.spent[1] + p_units) || seen.spent[2:], seen.used + p_units
        FROM gate_seen_at(spending, p_at) AS seen
    )
    WHERE provider = p_provider;
END
$$;
COMMENT ON FUNCTION gate_spend IS 'Units of calls that have ended, counted in every window of a vendor.';
