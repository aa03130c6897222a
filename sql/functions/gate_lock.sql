-- An advisory lock writes nothing and queues fairly; a row lock would write the row even where nothing changes.
-- The time is taken after the lock: the wait for it is over.
CREATE OR REPLACE FUNCTION gate_lock(p_provider text, p_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('market_pipeline.gate'), hashtext(p_provider));
    RETURN coalesce(p_at, clock_timestamp());
END
$$;
COMMENT ON FUNCTION gate_lock IS 'One decision about a vendor at a time; returns the time at which it is taken.';
