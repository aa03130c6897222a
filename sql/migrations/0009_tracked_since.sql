-- Since when a symbol is fetched as it is now: what is newer than the onboarding sensor's cursor has no history yet.
-- Symbols that are there already count as new once, so that their history is filled in, too.

ALTER TABLE tracked_symbols ADD COLUMN tracked_since timestamptz NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN tracked_symbols.tracked_since IS 'when it was added, added again after a removal, or given further bar lengths; in the order of commits';
