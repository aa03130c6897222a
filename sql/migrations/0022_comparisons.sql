-- With whom a symbol's figures were compared, and when it was asked: whose turn it is follows from that.

ALTER TABLE data_quality ADD COLUMN compared_with text, ADD COLUMN compared_at timestamptz;
COMMENT ON COLUMN data_quality.compared_with IS 'the second vendor that was asked last; null where nobody had a comparable answer';
COMMENT ON COLUMN data_quality.compared_at IS 'when a second vendor was asked last';
