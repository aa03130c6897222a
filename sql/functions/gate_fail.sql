CREATE OR REPLACE FUNCTION gate_fail(
    p_provider text, p_scope text, p_holder text, p_message text, p_jitter double precision, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    breaker provider_scopes;
    failing integer;
BEGIN
    UPDATE provider_scopes
    SET failure_count = failure_count + 1,
        failures_in_a_row = failures_in_a_row + 1,
        recent = CASE WHEN gate_is_fresh(last_outcome_at, p_at) THEN (recent << 1 | 1) & ((1 << 20) - 1) ELSE 1 END,
        seen = CASE WHEN gate_is_fresh(last_outcome_at, p_at) THEN least(20, seen + 1) ELSE 1 END,
        last_outcome_at = p_at,
        last_failure_at = p_at
    WHERE provider = p_provider AND scope = p_scope
    RETURNING * INTO breaker;
    failing := bit_count(breaker.recent::bit(20));
    CASE
        WHEN breaker.state = 'half_open' AND breaker.probe_holder = p_holder THEN
            PERFORM gate_eject(breaker, format('it still fails: %s', p_message), p_jitter, p_at);
        WHEN breaker.state <> 'closed' THEN
            NULL;  -- a call that was under way when the breaker opened
        WHEN breaker.failures_in_a_row >= 5 THEN
            PERFORM gate_eject(breaker, format('5 failures in a row, last: %s', p_message), p_jitter, p_at);
        WHEN breaker.seen >= 10 AND failing * 2 >= breaker.seen THEN
            PERFORM gate_move_scope(breaker, 'open', p_at + interval '60 s',
                format('%s of its last %s calls failed, last: %s', failing, breaker.seen, p_message), p_at);
        ELSE
            NULL;
    END CASE;
END
$$;
COMMENT ON FUNCTION gate_fail IS 'A vendor that is down or sends garbage: opens the breaker of an endpoint at half of its calls, ejects it at 5 in a row.';
