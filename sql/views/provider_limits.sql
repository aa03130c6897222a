CREATE OR REPLACE VIEW provider_limits AS
SELECT
    spending.provider,
    spending.seconds,
    gate_allowed(spending, gate, now()) AS units_allowed,
    greatest(0, gate_allowed(spending, gate, now()) - (gate_seen_at(spending, now())).used - held.units) AS units_left
FROM provider_windows AS spending
JOIN provider_gates AS gate USING (provider)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(lease.units), 0)::integer AS units
    FROM provider_leases AS lease WHERE lease.provider = spending.provider AND lease.expires_at > now()
) AS held;
COMMENT ON VIEW provider_limits IS 'Each limit of each vendor''s plan (seconds from 86400 on: by UTC day or month): units it allows in the window, and left now.';
