CREATE OR REPLACE FUNCTION gate_refuse(
    p_provider text, p_scope text, p_holder text, p_message text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    breaker provider_scopes;
BEGIN
    PERFORM gate_give_probe_back(p_provider, p_scope, p_holder);
    UPDATE provider_scopes SET refusals_in_a_row = refusals_in_a_row + 1
    WHERE provider = p_provider AND scope = p_scope
    RETURNING * INTO breaker;
    -- a plan may leave out single symbols; as many refusals without an answer mean the whole endpoint
    IF breaker.state <> 'not_entitled' AND breaker.refusals_in_a_row >= 3 THEN
        PERFORM gate_move_scope(breaker, 'not_entitled', p_at + interval '1 day',
            format('its plan does not include this: %s', p_message), p_at);
    END IF;
END
$$;
COMMENT ON FUNCTION gate_refuse IS 'The plan does not include a call: after three in a row the endpoint is off for a day.';
