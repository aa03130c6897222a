-- How good the rows are that are kept of a symbol.

CREATE TABLE data_quality (
    data_type text NOT NULL,
    symbol text NOT NULL,
    rows_checked bigint NOT NULL,
    validation_rate double precision CHECK (validation_rate BETWEEN 0 AND 100),
    completeness double precision CHECK (completeness BETWEEN 0 AND 100),
    deviation double precision CHECK (deviation >= 0),
    quality_score double precision CHECK (quality_score BETWEEN 0 AND 1),
    measured_at timestamptz NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (data_type, symbol)
);
COMMENT ON TABLE data_quality IS 'How good the rows of the last weeks are, by symbol and data type; null where there is nothing to judge by.';
COMMENT ON COLUMN data_quality.symbol IS '* for data about the whole market';
COMMENT ON COLUMN data_quality.rows_checked IS 'rows that vendors sent: kept and refused ones';
COMMENT ON COLUMN data_quality.validation_rate IS 'part of rows_checked that was kept (percent)';
COMMENT ON COLUMN data_quality.completeness IS 'part of what is due that is there: sessions with rows, else 100 or 0 (percent)';
COMMENT ON COLUMN data_quality.deviation IS 'how far a second vendor''s figures were from ours, median (percent); null until one was asked';
COMMENT ON COLUMN data_quality.quality_score IS '0 to 1: 0.4 validation rate, 0.4 completeness, 0.2 agreement, which is 0 from a deviation of 1 percent on';

CREATE INDEX rejected_records_by_symbol ON rejected_records (data_type, coalesce(payload ->> 'symbol', '*')); -- what was refused of a symbol
