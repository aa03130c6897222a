-- What is computed from stored prices, with what it was computed from: so that a bar or a split that changes is noticed.

CREATE TABLE price_features (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    bar_start timestamptz NOT NULL,
    session date NOT NULL,
    close double precision NOT NULL,
    simple_return double precision,
    log_return double precision,
    volatility_20 double precision,
    sma_20 double precision,
    sma_50 double precision,
    sma_200 double precision,
    ema_12 double precision,
    ema_26 double precision,
    rsi_14 double precision,
    macd double precision,
    macd_signal double precision,
    macd_histogram double precision,
    atr_14 double precision,
    volume_ratio_20 double precision,
    split_basis double precision NOT NULL,
    providers text[] NOT NULL,
    bar_fetched_at timestamptz NOT NULL,
    computed_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, timeframe, bar_start)
);
COMMENT ON TABLE price_features IS 'Returns, volatility, moving averages and indicators of one bar, of prices adjusted for splits.';
COMMENT ON COLUMN price_features.timeframe IS 'length of the bar: 1d or 1h';
COMMENT ON COLUMN price_features.bar_start IS 'start of the bar; a daily bar starts at midnight of the exchange (UTC)';
COMMENT ON COLUMN price_features.session IS 'trading day of the bar (exchange-local date)';
COMMENT ON COLUMN price_features.close IS 'last trade, per share after all splits that are known (currency per share)';
COMMENT ON COLUMN price_features.simple_return IS 'close over the close of the bar before, less 1 (fraction)';
COMMENT ON COLUMN price_features.log_return IS 'natural logarithm of close over the close of the bar before';
COMMENT ON COLUMN price_features.volatility_20 IS 'standard deviation of the last 20 log returns, annualised (fraction)';
COMMENT ON COLUMN price_features.sma_20 IS 'mean of the last 20 closes (currency per share)';
COMMENT ON COLUMN price_features.sma_50 IS 'mean of the last 50 closes (currency per share)';
COMMENT ON COLUMN price_features.sma_200 IS 'mean of the last 200 closes (currency per share)';
COMMENT ON COLUMN price_features.ema_12 IS 'exponential moving average over 12 bars (currency per share)';
COMMENT ON COLUMN price_features.ema_26 IS 'exponential moving average over 26 bars (currency per share)';
COMMENT ON COLUMN price_features.rsi_14 IS 'Wilder''s relative strength index over 14 bars (0 to 100)';
COMMENT ON COLUMN price_features.macd IS 'exponential moving average over 12 bars less that over 26 (currency per share)';
COMMENT ON COLUMN price_features.macd_signal IS 'exponential moving average of macd over 9 bars (currency per share)';
COMMENT ON COLUMN price_features.macd_histogram IS 'macd less macd_signal (currency per share)';
COMMENT ON COLUMN price_features.atr_14 IS 'Wilder''s average true range over 14 bars (currency per share)';
COMMENT ON COLUMN price_features.volume_ratio_20 IS 'volume over the mean volume of the 20 bars before (ratio)';
COMMENT ON COLUMN price_features.split_basis IS 'product of the splits that were known; another one, and all is computed anew (ratio)';
COMMENT ON COLUMN price_features.providers IS 'vendors of the bars that were read for it';
COMMENT ON COLUMN price_features.bar_fetched_at IS 'fetched_at of its bar; a newer one, and it is computed anew (UTC)';
COMMENT ON COLUMN price_features.computed_at IS 'when it was computed (UTC)';
CREATE INDEX price_features_by_session ON price_features (session); -- what a partition holds, and the features of a day

CREATE TABLE annual_returns (
    symbol text NOT NULL,
    year bigint NOT NULL,
    first_session date NOT NULL,
    last_session date NOT NULL,
    sessions bigint NOT NULL,
    base_session date NOT NULL,
    base_close double precision NOT NULL,
    last_close double precision NOT NULL,
    is_partial boolean NOT NULL,
    price_return double precision,
    dividends double precision,
    total_return double precision,
    computed_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (symbol, year)
);
COMMENT ON TABLE annual_returns IS 'Price return and total return of a share in one calendar year, from daily closes adjusted for splits.';
COMMENT ON COLUMN annual_returns.year IS 'calendar year';
COMMENT ON COLUMN annual_returns.first_session IS 'first trading day of the year that has a bar (exchange-local date)';
COMMENT ON COLUMN annual_returns.last_session IS 'last trading day of the year that has a bar (exchange-local date)';
COMMENT ON COLUMN annual_returns.sessions IS 'bars of the year';
COMMENT ON COLUMN annual_returns.base_session IS 'trading day whose close the return starts from: the last one of the year before, else first_session (exchange-local date)';
COMMENT ON COLUMN annual_returns.base_close IS 'close of base_session, per share after all splits that are known (currency per share)';
COMMENT ON COLUMN annual_returns.last_close IS 'close of last_session, likewise (currency per share)';
COMMENT ON COLUMN annual_returns.is_partial IS 'whether bars are missing at an end of the year, or it is not over';
COMMENT ON COLUMN annual_returns.price_return IS 'last_close over base_close, less 1 (fraction)';
COMMENT ON COLUMN annual_returns.dividends IS 'dividends since base_session; null where they were never fetched (currency per share)';
COMMENT ON COLUMN annual_returns.total_return IS 'return with dividends put into the share again; null without them (fraction)';
COMMENT ON COLUMN annual_returns.computed_at IS 'when it was computed (UTC)';
