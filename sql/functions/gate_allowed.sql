CREATE OR REPLACE FUNCTION gate_allowed(p_window provider_windows, p_gate provider_gates, p_at timestamptz) RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_window.seconds >= 86400 OR p_gate.slowed_at IS NULL THEN
        RETURN p_window.calls;  -- a quota is the plan's; only rates are learnt from refusals
    END IF;
    RETURN greatest(1, floor(p_window.calls * gate_share(p_gate.share, p_gate.slowed_at, p_at)))::integer;
END
$$;
COMMENT ON FUNCTION gate_allowed IS 'Units that a window allows at the moment.';
