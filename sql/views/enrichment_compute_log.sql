CREATE OR REPLACE VIEW enrichment_compute_log AS
SELECT
    past.execution_id,
    past.run_id,
    past.data_type,
    one.symbol,
    one.timeframe,
    one.started_at,
    one.completed_at AS computed_at,
    one.status,
    one.status = 'completed' AS success,
    one.features_computed,
    one.records_processed,
    one.records_inserted,
    one.records_updated,
    1000 * one.duration_seconds AS computation_time_ms,
    one.retry_count,
    coalesce(one.error_message, one.last_error) AS error_message
FROM symbol_computation_status AS one
JOIN scheduler_execution_log AS past USING (execution_id)
JOIN data_types AS kind USING (data_type)
WHERE kind.computed;
COMMENT ON VIEW enrichment_compute_log IS 'Each series that was computed, in each execution: features, rows, how long it took, and why it failed.';
