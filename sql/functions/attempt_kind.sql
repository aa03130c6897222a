CREATE OR REPLACE FUNCTION attempt_kind(outcome text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN outcome IN ('success', 'no_data', 'unknown_symbol') THEN 'success'
        WHEN outcome = 'rate_limited' THEN 'rate_limited'
        ELSE 'failure'
    END
$$;
COMMENT ON FUNCTION attempt_kind IS 'What an outcome says about the vendor: success (it works, though it may have nothing), rate_limited, or failure.';
