-- Several calls may be under way when the first one is refused: while the vendor is away already, a refusal says the same
-- once more and the rate is not lowered again.
CREATE OR REPLACE FUNCTION gate_throttle(
    p_provider text, p_scope text, p_holder text, p_retry_after double precision, p_message text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    gate provider_gates;
    -- a minute where the vendor does not say how long; an hour at most, whatever it says; never less than a second
    until constant timestamptz := p_at + make_interval(secs => least(3600, greatest(1, coalesce(p_retry_after, 60))));
BEGIN
    PERFORM gate_give_probe_back(p_provider, p_scope, p_holder);
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.away_until > p_at THEN
        UPDATE provider_gates SET away_until = greatest(away_until, until) WHERE provider = p_provider;
        RETURN;
    END IF;
    PERFORM gate_move_vendor(gate, 'throttled', until, format('it is rate-limiting: %s', p_message), p_at);
    UPDATE provider_gates SET share = greatest(0.1, 0.7 * gate_share(share, slowed_at, p_at)), slowed_at = p_at
    WHERE provider = p_provider;
END
$$;
COMMENT ON FUNCTION gate_throttle IS 'A vendor refuses more calls for now: it is left alone for as long as it says, then asked at 0.7 of the rate.';
