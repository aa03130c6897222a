-- Which shares an index is made of, and every change of it that was seen.

CREATE TABLE index_constituents (
    symbol text NOT NULL,
    index_name text NOT NULL,
    member text NOT NULL,
    name text,
    sector text,
    industry text,
    added_on date,
    as_of timestamptz,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamptz NOT NULL,
    run_id text NOT NULL,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    removed_at timestamptz,
    PRIMARY KEY (symbol, member)
);
COMMENT ON TABLE index_constituents IS 'A member of an index.  One that a later list leaves out stays, with the time at which it did.';
COMMENT ON COLUMN index_constituents.symbol IS 'canonical ticker of the index: ^GSPC, ^NDX or ^DJI';
COMMENT ON COLUMN index_constituents.index_name IS 'name of the index: S&P 500, Nasdaq 100 or Dow Jones; follows from its symbol';
COMMENT ON COLUMN index_constituents.member IS 'canonical ticker of the share that is in the index';
COMMENT ON COLUMN index_constituents.name IS 'name of the company';
COMMENT ON COLUMN index_constituents.sector IS 'sector, one of eleven: Technology, Healthcare, Financial Services, …';
COMMENT ON COLUMN index_constituents.industry IS 'industry as the vendor spells it';
COMMENT ON COLUMN index_constituents.added_on IS 'first day in the index, where the vendor says so (date)';
COMMENT ON COLUMN index_constituents.first_seen_at IS 'first complete list that had it; null while no list that has it was complete';
COMMENT ON COLUMN index_constituents.last_seen_at IS 'latest complete list that had it';
COMMENT ON COLUMN index_constituents.removed_at IS 'first complete list that had it no longer; null for a member of today';
CREATE INDEX index_constituents_by_sector ON index_constituents (index_name, sector) WHERE removed_at IS NULL; -- S&P 500, Technology

CREATE TABLE index_changes (
    symbol text NOT NULL,
    member text NOT NULL,
    seen_at timestamptz NOT NULL,
    change text NOT NULL CHECK (change IN ('added', 'removed')),
    run_id text NOT NULL,
    PRIMARY KEY (symbol, member, seen_at)
);
COMMENT ON TABLE index_changes IS 'Members that came into an index or left it, when a list first said so.';
COMMENT ON COLUMN index_changes.symbol IS 'canonical ticker of the index';
COMMENT ON COLUMN index_changes.seen_at IS 'when the list was fetched; the change itself may be some days older';
CREATE INDEX index_changes_by_time ON index_changes (seen_at); -- what is new

ALTER TABLE data_types ADD COLUMN subjects text[] NOT NULL DEFAULT '{*}';
COMMENT ON COLUMN data_types.subjects IS 'what it is about where that is not the universe: * for the whole market, or indices';
COMMENT ON COLUMN data_types.per_symbol IS 'false where it is about the subjects and not about the universe';
