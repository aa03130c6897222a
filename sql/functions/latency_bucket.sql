CREATE OR REPLACE FUNCTION latency_bucket(response_ms double precision) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ceil(4 * ln(greatest(response_ms, 1)) / ln(2::double precision))::smallint
$$;
COMMENT ON FUNCTION latency_bucket IS 'Number of a response time''s bucket: n holds more than 2^((n-1)/4) ms, up to 2^(n/4), which is 19 % more; 0 up to 1 ms.';
