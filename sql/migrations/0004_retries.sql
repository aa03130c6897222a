-- What is owed is owed by bar length: a symbol's daily bars may be there while its hourly ones failed.
-- And a session that is over can no longer be asked for where vendors tell only about now: that is neither waiting nor given up.

ALTER TABLE failed_symbols
    ADD COLUMN timeframe text NOT NULL DEFAULT '',
    DROP CONSTRAINT failed_symbols_pkey,
    ADD PRIMARY KEY (data_type, symbol, partition_key, timeframe),
    DROP CONSTRAINT failed_symbols_state_check,
    ADD CONSTRAINT failed_symbols_state_check CHECK (state IN ('waiting', 'exhausted', 'unknown', 'expired'));
COMMENT ON COLUMN failed_symbols.timeframe IS 'length of the bars, '''' for data types without';
COMMENT ON COLUMN failed_symbols.state IS 'waiting for next_retry_at, exhausted after the last retry, unknown to every vendor (not retried), expired with its session';
COMMENT ON COLUMN failed_symbols.attempts IS 'failures that counted: one before next_retry_at, or without anybody asked, does not';
