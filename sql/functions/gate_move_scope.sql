CREATE OR REPLACE FUNCTION gate_move_scope(
    p_scope provider_scopes, p_state text, p_until timestamptz, p_reason text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE provider_scopes
    SET state = p_state,
        away_until = p_until,
        reason = nullif(p_reason, ''),
        opened_at = CASE WHEN p_state = 'closed' THEN NULL WHEN p_state = 'half_open' THEN opened_at ELSE p_at END,
        closed_at = CASE WHEN p_state = 'closed' THEN p_at ELSE closed_at END,
        recent = 0, seen = 0, failures_in_a_row = 0, refusals_in_a_row = 0, probe_holder = NULL, probe_until = NULL
    WHERE provider = p_scope.provider AND scope = p_scope.scope;
    INSERT INTO provider_events (at, provider, scope, from_state, to_state, reason)
    VALUES (p_at, p_scope.provider, p_scope.scope, p_scope.state, p_state, p_reason);
END
$$;
COMMENT ON FUNCTION gate_move_scope IS 'A breaker changes its state and starts counting anew, and the change is recorded.';
