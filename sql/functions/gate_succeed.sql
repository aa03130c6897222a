CREATE OR REPLACE FUNCTION gate_succeed(
    p_provider text, p_scope text, p_holder text, p_times integer, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    breaker provider_scopes;
BEGIN
    UPDATE provider_scopes
    SET success_count = success_count + p_times,
        failures_in_a_row = 0,
        refusals_in_a_row = 0,
        recent = CASE
            WHEN gate_is_fresh(last_outcome_at, p_at) AND p_times < 20 THEN (recent << p_times) & ((1 << 20) - 1)
            ELSE 0
        END,
        seen = least(20, CASE WHEN gate_is_fresh(last_outcome_at, p_at) THEN seen ELSE 0 END + p_times),
        last_outcome_at = p_at
    WHERE provider = p_provider AND scope = p_scope
    RETURNING * INTO breaker;
    IF breaker.state = 'half_open' AND breaker.probe_holder = p_holder THEN
        PERFORM gate_move_scope(breaker, 'closed', NULL, 'it answers again', p_at);
    END IF;
END
$$;
COMMENT ON FUNCTION gate_succeed IS 'Good answers of an endpoint; that of a probe closes its breaker.';
