-- What vendors have answered lately.  The rows themselves stand in the market tables; here is only that they do.

CREATE TABLE cached_answers (
    data_type text NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    span daterange NOT NULL,
    provider text NOT NULL,
    records integer NOT NULL,
    run_id text NOT NULL,
    answered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (data_type, symbol, timeframe, span)
) WITH (fillfactor = 70); -- an answer that is renewed stays on its page
COMMENT ON TABLE cached_answers IS 'Who answered for a symbol when, so that nobody is asked again for what is there. Kept for a day, or as long as it may serve.';
COMMENT ON COLUMN cached_answers.timeframe IS 'length of the bars, '''' for data types without';
COMMENT ON COLUMN cached_answers.span IS 'the days that were asked for; (,) for the whole history';
COMMENT ON COLUMN cached_answers.records IS 'valid records in the answer; 0 is an answer, too';
COMMENT ON COLUMN cached_answers.run_id IS 'the run that asked: its own retries are served, whatever the age';
COMMENT ON COLUMN cached_answers.expires_at IS 'until when it serves other runs; answered_at where it never does (live quotes)';

CREATE TABLE cache_usage (
    data_type text NOT NULL,
    day date NOT NULL,
    hits bigint NOT NULL,
    misses bigint NOT NULL,
    stale bigint NOT NULL,
    PRIMARY KEY (data_type, day)
);
COMMENT ON TABLE cache_usage IS 'Symbols by data type and UTC day: served from cached_answers, asked for because there was none, served stale.';
