CREATE OR REPLACE VIEW provider_status AS
SELECT
    gate.provider AS name,
    breaker.scope,
    CASE
        WHEN gate.away_until > now() THEN gate.state
        WHEN breaker.state IN ('open', 'cooldown', 'not_entitled') AND breaker.away_until <= now() THEN 'half_open'
        ELSE coalesce(breaker.state, 'closed')
    END AS state,
    CASE WHEN gate.away_until > now() THEN gate.reason ELSE breaker.reason END AS reason,
    CASE WHEN gate.away_until > now() THEN gate.away_until ELSE breaker.away_until END AS away_until,
    coalesce(breaker.failure_count, 0) AS failure_count,
    coalesce(breaker.success_count, 0) AS success_count,
    coalesce(breaker.failure_count::double precision
        / nullif(breaker.failure_count + breaker.success_count, 0), 0) AS failure_rate,
    breaker.last_failure_at AS last_failure_time,
    breaker.opened_at,
    held.slots AS active_count,
    greatest(0, gate.slots - held.slots) AS available_slots,
    gate.rejected_count,
    gate_share(gate.share, gate.slowed_at, now()) AS rate_share,
    room.tokens_left,
    room.quota_left
FROM provider_gates AS gate
LEFT JOIN provider_scopes AS breaker USING (provider)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(lease.slots), 0)::integer AS slots FROM provider_leases AS lease
    WHERE lease.provider = gate.provider AND lease.expires_at > now()
) AS held
CROSS JOIN LATERAL (
    SELECT
        min(one.units_left) FILTER (WHERE one.seconds < 86400) AS tokens_left,
        min(one.units_left) FILTER (WHERE one.seconds >= 86400) AS quota_left
    FROM provider_limits AS one WHERE one.provider = gate.provider
) AS room;
COMMENT ON VIEW provider_status IS 'Each vendor''s gate, a row per endpoint that was called (scope null before): state, counts, slots, units left now.';
