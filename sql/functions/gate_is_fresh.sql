CREATE OR REPLACE FUNCTION gate_is_fresh(p_last_outcome_at timestamptz, p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE RETURN coalesce(p_last_outcome_at >= p_at - interval '10 min', false);
COMMENT ON FUNCTION gate_is_fresh IS 'Whether an endpoint''s last outcomes are recent enough to count beside new ones.';
