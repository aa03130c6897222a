CREATE OR REPLACE FUNCTION gate_move_vendor(
    p_gate provider_gates, p_state text, p_until timestamptz, p_reason text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE provider_gates
    SET state = p_state, away_until = p_until, reason = nullif(p_reason, '')
    WHERE provider = p_gate.provider;
    INSERT INTO provider_events (at, provider, scope, from_state, to_state, reason)
    VALUES (p_at, p_gate.provider, '', p_gate.state, p_state, p_reason);
END
$$;
COMMENT ON FUNCTION gate_move_vendor IS 'A whole vendor changes its state, and the change is recorded.';
