CREATE OR REPLACE FUNCTION freshness_status(fresh_until timestamptz, stale_at timestamptz, at timestamptz)
RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN fresh_until IS NULL THEN 'missing'
        WHEN at < fresh_until THEN 'fresh'
        WHEN at < stale_at THEN 'aging'
        ELSE 'stale'
    END
$$;
COMMENT ON FUNCTION freshness_status IS 'fresh, aging, stale or (without a moment to compare with) missing, at a given moment.';
