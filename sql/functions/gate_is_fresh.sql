CREATE OR REPLACE FUNCTION gate_is_fresh(p_provider text, p_scope text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM provider_scopes
        WHERE provider = p_provider AND scope = p_scope AND last_outcome_at >= p_at - interval '10 min'
    );
END
$$;
COMMENT ON FUNCTION gate_is_fresh IS 'Whether an endpoint''s last outcomes are recent enough to count beside new ones.';
