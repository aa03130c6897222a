-- Splits, and bars that one has overtaken, are looked for after each fetch of prices: one bar in a thousand is either.

CREATE INDEX historical_prices_splits ON historical_prices (symbol, session) WHERE split_factor <> 1;
CREATE INDEX historical_prices_before_split ON historical_prices (symbol, timeframe) WHERE 'before_split' = ANY (flags);
