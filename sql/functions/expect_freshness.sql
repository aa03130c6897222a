-- Rows are locked in the order in which writers of freshness lock them, so that they cannot deadlock.
CREATE OR REPLACE FUNCTION expect_freshness() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    kinds text[];
    symbols text[]; -- null: of all
BEGIN
    IF TG_TABLE_NAME = 'tracked_symbols' THEN
        kinds := ARRAY(SELECT data_type FROM data_types);
        symbols := ARRAY(SELECT symbol FROM changed);
    ELSE
        kinds := ARRAY(SELECT data_type FROM changed);
    END IF;

    WITH due AS MATERIALIZED (
        SELECT data_type, symbol, timeframe FROM expected_freshness
        WHERE data_type = ANY (kinds) AND (symbols IS NULL OR symbol = ANY (symbols))
    ), left_over AS MATERIALIZED (
        SELECT data_type, symbol, timeframe FROM data_freshness
        WHERE data_type = ANY (kinds) AND (symbols IS NULL OR symbol = ANY (symbols))
            AND (data_type, symbol, timeframe) NOT IN (SELECT data_type, symbol, timeframe FROM due)
        ORDER BY data_type, symbol, timeframe FOR UPDATE
    ), gone AS (
        DELETE FROM data_freshness AS kept USING left_over AS gone
        WHERE kept.data_type = gone.data_type AND kept.symbol = gone.symbol AND kept.timeframe = gone.timeframe
    )
    INSERT INTO data_freshness (data_type, symbol, timeframe)
    SELECT data_type, symbol, timeframe FROM due ORDER BY data_type, symbol, timeframe
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION expect_freshness IS 'Trigger of tracked_symbols and data_types: data_freshness gets the rows that are expected now, and loses those that are not.';

CREATE OR REPLACE TRIGGER expect_freshness_of_new AFTER INSERT ON tracked_symbols
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION expect_freshness();
CREATE OR REPLACE TRIGGER expect_freshness_of_changed AFTER UPDATE ON tracked_symbols
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION expect_freshness();
CREATE OR REPLACE TRIGGER expect_freshness_of_gone AFTER DELETE ON tracked_symbols
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION expect_freshness();

CREATE OR REPLACE TRIGGER expect_freshness_of_new AFTER INSERT ON data_types
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION expect_freshness();
CREATE OR REPLACE TRIGGER expect_freshness_of_changed AFTER UPDATE ON data_types
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION expect_freshness();
CREATE OR REPLACE TRIGGER expect_freshness_of_gone AFTER DELETE ON data_types
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION expect_freshness();
