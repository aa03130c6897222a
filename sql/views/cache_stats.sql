CREATE OR REPLACE VIEW cache_stats AS
SELECT
    data_type,
    coalesce(kept.answers, 0) AS answers,
    coalesce(kept.fresh, 0) AS fresh,
    kept.oldest_fresh_at,
    kept.last_answered_at,
    coalesce(used.hits, 0)::bigint AS hits,
    coalesce(used.misses, 0)::bigint AS misses,
    coalesce(used.stale, 0)::bigint AS stale,
    (100.0 * used.hits / nullif(used.hits + used.misses, 0))::double precision AS hit_rate
FROM (
    SELECT
        data_type,
        count(*) AS answers,
        count(*) FILTER (WHERE expires_at > now()) AS fresh,
        min(answered_at) FILTER (WHERE expires_at > now()) AS oldest_fresh_at,
        max(answered_at) AS last_answered_at
    FROM cached_answers GROUP BY data_type
) AS kept
FULL JOIN (
    SELECT data_type, sum(hits) AS hits, sum(misses) AS misses, sum(stale) AS stale FROM cache_usage GROUP BY data_type
) AS used USING (data_type);
COMMENT ON VIEW cache_stats IS 'By data type: answers kept, those of them that still serve, and how often they did (hit_rate in percent, over all time).';
