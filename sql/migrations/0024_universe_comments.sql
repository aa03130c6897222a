-- The columns of the universe say what they mean, as those of market data do.

COMMENT ON COLUMN tracked_symbols.symbol IS 'canonical ticker: BRK.B, ^GSPC';
COMMENT ON COLUMN tracked_symbols.name IS 'name of the company or fund';
COMMENT ON COLUMN tracked_symbols.asset_class IS 'what kind of security it is: stock, etf, index, …';
COMMENT ON COLUMN tracked_symbols.exchange IS 'where it is listed, as whoever added it spells it';
COMMENT ON COLUMN tracked_symbols.sector IS 'sector, one of eleven: Technology, Healthcare, Financial Services, …';
COMMENT ON COLUMN tracked_symbols.industry IS 'industry within the sector';
COMMENT ON COLUMN tracked_symbols.indices IS 'names of the indices that it is in: S&P 500, Nasdaq 100, …';
COMMENT ON COLUMN tracked_symbols.timeframes IS 'bar lengths that are fetched for it: 1d, 1h';
COMMENT ON COLUMN tracked_symbols.active IS 'whether it is fetched; a symbol that was removed keeps its data';
COMMENT ON COLUMN tracked_symbols.added_at IS 'when its row was made';
COMMENT ON COLUMN tracked_symbols.updated_at IS 'when its row changed last';
