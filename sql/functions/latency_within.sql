CREATE OR REPLACE FUNCTION latency_within(bucket smallint, part double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE bucket
        WHEN 0 THEN part
        ELSE 2 ^ ((bucket - 1) / 4.0::double precision) * (1 + part * (2 ^ 0.25::double precision - 1))
    END
$$;
COMMENT ON FUNCTION latency_within IS 'The response time (ms) at a part (0 to 1) of the way through a bucket of latency_bucket().';
