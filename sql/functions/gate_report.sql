-- p_slots and p_units the process still holds; p_spent units of its calls have ended since it last told.  First the
-- successes count, then the one failure: failures are reported at once, successes in batches.
CREATE OR REPLACE FUNCTION gate_report(
    p_provider text,
    p_scope text,
    p_holder text,
    p_slots integer,
    p_units integer,
    p_spent integer,
    p_successes integer,
    p_failure text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_retry_after double precision DEFAULT NULL,
    p_jitter double precision DEFAULT 0.5,
    p_at timestamptz DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
BEGIN
    PERFORM gate_hold(p_provider, p_holder, p_slots, p_units, at);
    IF p_spent > 0 THEN
        PERFORM gate_spend(p_provider, p_spent, at);
    END IF;
    IF NOT EXISTS (SELECT FROM provider_scopes WHERE provider = p_provider AND scope = p_scope) THEN
        INSERT INTO provider_scopes (provider, scope) VALUES (p_provider, p_scope);
    END IF;
    IF p_successes > 0 THEN
        PERFORM gate_succeed(p_provider, p_scope, p_holder, p_successes, at);
    END IF;
    CASE
        WHEN p_failure IS NULL THEN
            NULL;
        WHEN p_failure = 'rate_limited' THEN
            PERFORM gate_throttle(p_provider, p_scope, p_holder, p_retry_after, p_message, at);
        WHEN p_failure = 'authentication' THEN
            PERFORM gate_lock_out(p_provider, p_scope, p_holder, p_message, at);
        WHEN p_failure = 'not_entitled' THEN
            PERFORM gate_refuse(p_provider, p_scope, p_holder, p_message, at);
        WHEN p_failure IN ('unavailable', 'malformed') THEN
            PERFORM gate_fail(p_provider, p_scope, p_holder, p_message, p_jitter, at);
        ELSE
            RAISE EXCEPTION 'gate_report: % is no failure of a vendor', p_failure;
    END CASE;
END
$$;
COMMENT ON FUNCTION gate_report IS 'What came of a process'' calls to a vendor''s endpoint: successes, and the failure that ended them.';
