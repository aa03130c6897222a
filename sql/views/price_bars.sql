-- Vendors' bars of one moment can stand side by side, in different calibres.  Calculations take the one of the vendor that
-- the series belongs to, else one that is adjusted for splits already.  Those adjusted for dividends are of another kind:
-- each dividend changes the whole series.
CREATE OR REPLACE VIEW price_bars AS
SELECT DISTINCT ON (symbol, timeframe, bar_start)
    symbol, timeframe, bar_start, session, adjustment, open, high, low, close, volume, currency, provider, fetched_at
FROM historical_prices
WHERE adjustment <> 'split_dividend'
ORDER BY symbol, timeframe, bar_start, mixed, adjustment DESC;
COMMENT ON VIEW price_bars IS 'The bars that are calculated with: one for each moment of a series.';
