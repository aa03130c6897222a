CREATE OR REPLACE FUNCTION gate_register(
    p_provider text,
    p_key_hash text,
    p_slots integer,
    p_calls integer[],
    p_seconds double precision[],
    p_at timestamptz DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
    gate provider_gates;
BEGIN
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.state = 'key_rejected' AND gate.key_hash IS DISTINCT FROM p_key_hash THEN
        PERFORM gate_move_vendor(gate, 'ready', NULL, 'its key has changed', at);
    END IF;
    INSERT INTO provider_gates AS known (provider, key_hash, slots) VALUES (p_provider, p_key_hash, p_slots)
    ON CONFLICT (provider) DO UPDATE SET key_hash = excluded.key_hash, slots = excluded.slots
        WHERE (known.key_hash, known.slots) IS DISTINCT FROM (excluded.key_hash, excluded.slots);
    DELETE FROM provider_windows WHERE provider = p_provider AND seconds <> ALL (p_seconds);
    INSERT INTO provider_windows AS known (provider, seconds, calls, newest, spent)
    SELECT p_provider, seconds, calls, gate_slot(seconds, at),
        array_fill(0, ARRAY[CASE WHEN seconds < 86400 THEN 51 ELSE 1 END])
    FROM unnest(p_calls, p_seconds) AS given (calls, seconds)
    ON CONFLICT (provider, seconds) DO UPDATE SET calls = excluded.calls WHERE known.calls <> excluded.calls;
END
$$;
COMMENT ON FUNCTION gate_register IS 'Tells the gate of a vendor: its limits (calls[i] in seconds[i]) and the hash of its key. Again after each change of them.';
