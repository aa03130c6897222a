-- The record by which vendors are ordered: recent and fading, where the totals beside it are for people to look at.

ALTER TABLE provider_stats
    ADD COLUMN recent_calls numeric(16, 6) NOT NULL DEFAULT 0, -- a double that fades for ever ends in an underflow error
    ADD COLUMN recent_successes numeric(16, 6) NOT NULL DEFAULT 0,
    ADD COLUMN recent_response_ms numeric(16, 6) NOT NULL DEFAULT 0,
    ADD COLUMN ranked_reliability double precision,
    ADD COLUMN ranked_response_ms double precision;
COMMENT ON COLUMN provider_stats.recent_calls IS 'calls as of last_attempt_at; each call and each day without one makes earlier ones count less';
COMMENT ON COLUMN provider_stats.recent_successes IS 'those of recent_calls that were answered';
COMMENT ON COLUMN provider_stats.recent_response_ms IS 'time that recent_calls took together';
COMMENT ON COLUMN provider_stats.ranked_reliability IS 'the reliability by which it was last ordered: kept until it has moved clearly';
COMMENT ON COLUMN provider_stats.ranked_response_ms IS 'the time until a good answer by which it was last ordered: kept until it has moved clearly';

CREATE TABLE provider_rotation (
    data_type text PRIMARY KEY,
    turn bigint NOT NULL
);
COMMENT ON TABLE provider_rotation IS 'Whose turn it is with the strategy ROUND_ROBIN: every fetch, of whatever process, moves on by one vendor.';
