CREATE OR REPLACE FUNCTION gate_eject(
    p_scope provider_scopes, p_reason text, p_jitter double precision, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    healthy constant double precision := coalesce(extract(epoch FROM p_at - p_scope.closed_at), 0);
    -- every ten minutes of health forgive one earlier cooldown; a failed probe was no health
    earlier constant integer := greatest(0, p_scope.ejections
        - CASE WHEN p_scope.state = 'closed' THEN floor(least(healthy, 36000) / 600)::integer ELSE 0 END);
    -- 60 s, doubled each time, apart by a fifth up or down so that processes do not come back together; an hour at most
    seconds constant double precision := least(3600, 60 * 2.0 ^ least(earlier, 6) * (0.8 + 0.4 * p_jitter));
BEGIN
    PERFORM gate_move_scope(p_scope, 'cooldown', p_at + make_interval(secs => seconds), p_reason, p_at);
    UPDATE provider_scopes SET ejections = least(earlier + 1, 6)
    WHERE provider = p_scope.provider AND scope = p_scope.scope;
END
$$;
COMMENT ON FUNCTION gate_eject IS 'Puts an endpoint away, longer with each repetition; p_jitter is a random number from 0 to 1.';
