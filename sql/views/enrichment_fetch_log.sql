CREATE OR REPLACE VIEW enrichment_fetch_log AS
SELECT
    attempt_id AS fetch_id,
    attempted_at AS fetched_at,
    data_type,
    symbols,
    provider AS source,
    endpoint,
    attempt_kind(outcome) = 'success' AS success,
    outcome,
    records AS records_fetched,
    rejected AS records_rejected,
    response_time_ms,
    http_status,
    error_message,
    run_id
FROM fetch_attempts;
COMMENT ON VIEW enrichment_fetch_log IS 'Each call to a vendor: what it brought, how long it took, and whether the vendor worked. Narrow it by fetched_at.';
