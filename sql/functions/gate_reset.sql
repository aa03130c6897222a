CREATE OR REPLACE FUNCTION gate_reset(
    p_provider text, p_data_type text DEFAULT NULL, p_at timestamptz DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
    gate provider_gates;
    breaker provider_scopes;
    changed integer := 0;
BEGIN
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.state <> 'ready' THEN
        PERFORM gate_move_vendor(gate, 'ready', NULL, 'reset by hand', at);
        changed := changed + 1;
    END IF;
    UPDATE provider_gates SET share = 1, slowed_at = NULL WHERE provider = p_provider;
    FOR breaker IN
        SELECT * FROM provider_scopes
        WHERE provider = p_provider AND (p_data_type IS NULL OR split_part(scope, '/', 1) = p_data_type)
        ORDER BY scope
    LOOP
        IF breaker.state <> 'closed' THEN
            PERFORM gate_move_scope(breaker, 'closed', NULL, 'reset by hand', at);
            changed := changed + 1;
        END IF;
        UPDATE provider_scopes
        SET ejections = 0, recent = 0, seen = 0, failures_in_a_row = 0, refusals_in_a_row = 0
        WHERE provider = p_provider AND scope = breaker.scope;
    END LOOP;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION gate_reset IS 'Brings a vendor back, or its endpoints of one data type; what was spent stays spent. Returns how many states changed.';
