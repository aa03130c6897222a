CREATE OR REPLACE FUNCTION gate_lock_out(
    p_provider text, p_scope text, p_holder text, p_message text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    gate provider_gates;
BEGIN
    PERFORM gate_give_probe_back(p_provider, p_scope, p_holder);
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.state = 'key_rejected' THEN
        RETURN;
    END IF;
    -- a key does not get better by waiting; a vendor without one has sent us away for some other reason
    PERFORM gate_move_vendor(gate, 'key_rejected',
        CASE WHEN gate.key_hash IS NULL THEN p_at + interval '1 hour' ELSE 'infinity' END,
        format('it denies access: %s', p_message), p_at);
END
$$;
COMMENT ON FUNCTION gate_lock_out IS 'A vendor does not accept the key: it is off until gate_register brings another one.';
