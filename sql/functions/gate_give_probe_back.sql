CREATE OR REPLACE FUNCTION gate_give_probe_back(p_provider text, p_scope text, p_holder text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE provider_scopes SET probe_holder = NULL, probe_until = NULL
    WHERE provider = p_provider AND scope = p_scope AND probe_holder = p_holder;
END
$$;
COMMENT ON FUNCTION gate_give_probe_back IS 'A probe that did not find out whether the endpoint works: the next call is one.';
