-- What the pipeline did, run by run and symbol by symbol.  An execution is one step of one Dagster run: one data type
-- refreshed, or one kind of feature computed.  The step's retries continue it.

CREATE TABLE scheduler_execution_log (
    execution_id uuid PRIMARY KEY,
    run_id text NOT NULL,
    job text NOT NULL,
    data_type text NOT NULL,
    partition_key text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    updated_at timestamptz NOT NULL,
    total_symbols integer NOT NULL DEFAULT 0,
    successful_symbols integer NOT NULL DEFAULT 0,
    failed_symbols integer NOT NULL DEFAULT 0,
    total_records_processed bigint NOT NULL DEFAULT 0,
    total_records_inserted bigint NOT NULL DEFAULT 0,
    total_records_updated bigint NOT NULL DEFAULT 0,
    duration_seconds double precision
        GENERATED ALWAYS AS (extract(epoch FROM completed_at - started_at)::double precision) STORED,
    status text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    error_message text
);
COMMENT ON TABLE scheduler_execution_log IS 'One row per execution: what a run did for one data type, when, for how many symbols, and how it ended.';
COMMENT ON COLUMN scheduler_execution_log.execution_id IS 'follows from run and step, so that a retry of the step continues its execution';
COMMENT ON COLUMN scheduler_execution_log.run_id IS 'the Dagster run';
COMMENT ON COLUMN scheduler_execution_log.job IS 'the Dagster job; __ASSET_JOB for assets materialised in the UI';
COMMENT ON COLUMN scheduler_execution_log.partition_key IS 'the days, first...last; empty for data kept by symbol';
COMMENT ON COLUMN scheduler_execution_log.updated_at IS 'when its run last wrote to it';
COMMENT ON COLUMN scheduler_execution_log.total_symbols IS 'symbols it is about; successful and failed ones are counted at the end';
COMMENT ON COLUMN scheduler_execution_log.total_records_processed IS 'records stored, those that were there already included';
COMMENT ON COLUMN scheduler_execution_log.status IS 'completed also where some symbols failed; failed where the step did, or its run ended without it';
CREATE INDEX scheduler_execution_log_by_time ON scheduler_execution_log (started_at); -- history, and retention
CREATE INDEX scheduler_execution_log_by_data_type ON scheduler_execution_log (data_type, started_at); -- how did prices go?
CREATE INDEX scheduler_execution_log_by_run ON scheduler_execution_log (run_id); -- what a run did
CREATE INDEX scheduler_execution_log_running ON scheduler_execution_log (run_id) WHERE status = 'running'; -- what to close

CREATE TABLE symbol_computation_status (
    execution_id uuid NOT NULL REFERENCES scheduler_execution_log ON DELETE CASCADE,
    symbol text NOT NULL,
    asset_class text,
    timeframe text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed', 'failed', 'retry')),
    records_processed bigint NOT NULL DEFAULT 0,
    records_inserted bigint NOT NULL DEFAULT 0,
    records_updated bigint NOT NULL DEFAULT 0,
    features_computed integer NOT NULL DEFAULT 0,
    started_at timestamptz,
    completed_at timestamptz,
    duration_seconds double precision
        GENERATED ALWAYS AS (extract(epoch FROM completed_at - started_at)::double precision) STORED,
    retry_count integer NOT NULL DEFAULT 0,
    error_message text,
    last_error text,
    PRIMARY KEY (execution_id, symbol, timeframe)
) WITH (fillfactor = 70); -- room for the two or three changes that each row goes through
COMMENT ON TABLE symbol_computation_status IS 'How each symbol of an execution is doing, by timeframe where there are several.';
COMMENT ON COLUMN symbol_computation_status.symbol IS '* for data about the whole market';
COMMENT ON COLUMN symbol_computation_status.timeframe IS 'bar length; empty for data without bars';
COMMENT ON COLUMN symbol_computation_status.status IS 'retry: it failed, and another try of the step will follow by itself';
COMMENT ON COLUMN symbol_computation_status.retry_count IS 'in which retry of the step it was last worked on, 0 for the first try';
COMMENT ON COLUMN symbol_computation_status.error_message IS 'why it failed; null for one that did not, or was got by a retry';
COMMENT ON COLUMN symbol_computation_status.last_error IS 'the last error of any try, kept when a retry got it';
CREATE INDEX symbol_computation_status_by_symbol ON symbol_computation_status (symbol, started_at); -- its latest status

CREATE TABLE feature_computation_failures (
    failure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    error_message text NOT NULL,
    execution_id uuid REFERENCES scheduler_execution_log ON DELETE SET NULL,
    retry_count integer NOT NULL DEFAULT 0,
    resolved boolean NOT NULL DEFAULT false,
    failed_at timestamptz NOT NULL
);
COMMENT ON TABLE feature_computation_failures IS 'Features that could not be computed: one open row per symbol and timeframe, resolved by success.';
COMMENT ON COLUMN feature_computation_failures.execution_id IS 'the last execution that failed; null once the log of it is trimmed';
COMMENT ON COLUMN feature_computation_failures.retry_count IS 'how often it failed again since it first did';
COMMENT ON COLUMN feature_computation_failures.failed_at IS 'when it failed last';
CREATE UNIQUE INDEX feature_computation_failures_open ON feature_computation_failures (symbol, timeframe) WHERE NOT resolved;
CREATE INDEX feature_computation_failures_by_time ON feature_computation_failures (failed_at); -- recent ones, and retention
CREATE INDEX feature_computation_failures_by_execution ON feature_computation_failures (execution_id); -- when one is deleted
