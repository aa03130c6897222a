CREATE OR REPLACE FUNCTION get_retry_candidates(p_data_type text DEFAULT NULL, p_at timestamptz DEFAULT now())
RETURNS TABLE (
    data_type text, symbol text, partition_key text, timeframe text, attempts integer, next_retry_at timestamptz,
    last_failed_at timestamptz, errors jsonb
)
LANGUAGE sql STABLE AS $$
    SELECT owed.data_type, owed.symbol, owed.partition_key, owed.timeframe, owed.attempts, owed.next_retry_at,
        owed.last_failed_at, owed.errors
    FROM failed_symbols AS owed
    LEFT JOIN tracked_symbols AS tracked USING (symbol)
    LEFT JOIN data_types AS kind USING (data_type)
    WHERE owed.state = 'waiting' AND owed.next_retry_at <= p_at
        AND (p_data_type IS NULL OR owed.data_type = p_data_type)
        AND (tracked.active OR owed.symbol = '*' OR NOT kind.per_symbol) -- the market and indices are no tracked symbols
    ORDER BY owed.next_retry_at, owed.data_type, owed.partition_key, owed.timeframe, owed.symbol
$$;
COMMENT ON FUNCTION get_retry_candidates IS 'Symbols ready for retry, the longest due first: SELECT * FROM get_retry_candidates(''company_info''). Only tracked ones.';
