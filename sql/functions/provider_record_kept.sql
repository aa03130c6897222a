CREATE OR REPLACE FUNCTION provider_record_kept(p_since timestamptz, p_at timestamptz) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    -- half of it in a day: yesterday's run of a daily data type still counts, last week's has faded to under 1 %
    RETURN 0.5::double precision ^ least(100, greatest(0, date_part('epoch', p_at - p_since) / 86400));
END
$$;
COMMENT ON FUNCTION provider_record_kept IS 'What is left after some time of a vendor''s recent record.';
