-- The schema after all migrations, for reading. Written by `market-pipeline db dump`, never by hand.

CREATE TABLE public.attempt_counts (
    period text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    provider text NOT NULL,
    data_type text NOT NULL,
    outcome text NOT NULL,
    calls bigint NOT NULL,
    response_ms double precision NOT NULL,
    records bigint NOT NULL,
    CONSTRAINT attempt_counts_period_check CHECK ((period = ANY (ARRAY['hour'::text, 'day'::text, 'ever'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.attempt_counts IS 'fetch_attempts by UTC hour, by UTC day and of all time, by outcome. Counted by the trigger count_attempts.';

COMMENT ON COLUMN public.attempt_counts.starts_at IS 'begin of the hour or day, -infinity for ever';

COMMENT ON COLUMN public.attempt_counts.response_ms IS 'time that the calls took together';

CREATE FUNCTION public.attempt_counts_within(p_window interval) RETURNS SETOF public.attempt_counts
    LANGUAGE sql STABLE
    AS $$
    SELECT * FROM attempt_counts WHERE period = 'ever' AND p_window IS NULL
    UNION ALL
    SELECT * FROM attempt_counts
    WHERE period = 'hour' AND starts_at >= window_begins_at(p_window) AND starts_at < window_midnight(p_window)
    UNION ALL
    SELECT * FROM attempt_counts WHERE period = 'day' AND starts_at >= window_midnight(p_window)
$$;

COMMENT ON FUNCTION public.attempt_counts_within(p_window interval) IS 'The rows of attempt_counts that make up a window until now, each attempt once; of all time for null.';

CREATE FUNCTION public.attempt_kind(outcome text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE
        WHEN outcome IN ('success', 'no_data', 'unknown_symbol') THEN 'success'
        WHEN outcome = 'rate_limited' THEN 'rate_limited'
        ELSE 'failure'
    END
$$;

COMMENT ON FUNCTION public.attempt_kind(outcome text) IS 'What an outcome says about the vendor: success (it works, though it may have nothing), rate_limited, or failure.';

CREATE TABLE public.attempt_latencies (
    period text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    provider text NOT NULL,
    data_type text NOT NULL,
    bucket smallint NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT attempt_latencies_period_check CHECK ((period = ANY (ARRAY['hour'::text, 'day'::text, 'ever'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE public.attempt_latencies IS 'fetch_attempts of the same periods by response time: a histogram, for percentiles. Counted by the same trigger.';

COMMENT ON COLUMN public.attempt_latencies.bucket IS 'see latency_bucket()';

CREATE FUNCTION public.attempt_latencies_within(p_window interval) RETURNS SETOF public.attempt_latencies
    LANGUAGE sql STABLE
    AS $$
    SELECT * FROM attempt_latencies WHERE period = 'ever' AND p_window IS NULL
    UNION ALL
    SELECT * FROM attempt_latencies
    WHERE period = 'hour' AND starts_at >= window_begins_at(p_window) AND starts_at < window_midnight(p_window)
    UNION ALL
    SELECT * FROM attempt_latencies WHERE period = 'day' AND starts_at >= window_midnight(p_window)
$$;

COMMENT ON FUNCTION public.attempt_latencies_within(p_window interval) IS 'The rows of attempt_latencies that make up a window until now, each attempt once; of all time for null.';

CREATE FUNCTION public.count_attempts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO attempt_counts AS known (period, starts_at, provider, data_type, outcome, calls, response_ms, records)
    SELECT
        period, CASE period WHEN 'ever' THEN '-infinity' ELSE date_trunc(period, attempted_at, 'UTC') END AS begins,
        provider, data_type, outcome, count(*), sum(response_time_ms::double precision), sum(records)
    FROM arrived CROSS JOIN unnest('{hour,day,ever}'::text[]) AS period
    GROUP BY period, begins, provider, data_type, outcome
    ORDER BY period, begins, provider, data_type, outcome
    ON CONFLICT (period, starts_at, provider, data_type, outcome) DO UPDATE SET
        calls = known.calls + excluded.calls,
        response_ms = known.response_ms + excluded.response_ms,
        records = known.records + excluded.records;

    INSERT INTO attempt_latencies AS known (period, starts_at, provider, data_type, bucket, calls)
    SELECT
        period, CASE period WHEN 'ever' THEN '-infinity' ELSE date_trunc(period, attempted_at, 'UTC') END AS begins,
        provider, data_type, latency_bucket(response_time_ms) AS bucket, count(*)
    FROM arrived CROSS JOIN unnest('{hour,day,ever}'::text[]) AS period
    GROUP BY period, begins, provider, data_type, bucket
    ORDER BY period, begins, provider, data_type, bucket
    ON CONFLICT (period, starts_at, provider, data_type, bucket) DO UPDATE SET calls = known.calls + excluded.calls;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.count_attempts() IS 'Trigger of fetch_attempts: counts what arrives into attempt_counts and attempt_latencies.';

CREATE FUNCTION public.expect_freshness() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.expect_freshness() IS 'Trigger of tracked_symbols and data_types: data_freshness gets the rows that are expected now, and loses those that are not.';

CREATE FUNCTION public.freshness_status(fresh_until timestamp with time zone, stale_at timestamp with time zone, at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE
        WHEN fresh_until IS NULL THEN 'missing'
        WHEN at < fresh_until THEN 'fresh'
        WHEN at < stale_at THEN 'aging'
        ELSE 'stale'
    END
$$;

COMMENT ON FUNCTION public.freshness_status(fresh_until timestamp with time zone, stale_at timestamp with time zone, at timestamp with time zone) IS 'fresh, aging, stale or (without a moment to compare with) missing, at a given moment.';

CREATE TABLE public.provider_gates (
    provider text NOT NULL,
    key_hash text,
    slots integer NOT NULL,
    state text DEFAULT 'ready'::text NOT NULL,
    away_until timestamp with time zone,
    reason text,
    share double precision DEFAULT 1 NOT NULL,
    slowed_at timestamp with time zone,
    rejected_count bigint DEFAULT 0 NOT NULL,
    CONSTRAINT provider_gates_share_check CHECK (((share > (0)::double precision) AND (share <= (1)::double precision))),
    CONSTRAINT provider_gates_slots_check CHECK ((slots > 0)),
    CONSTRAINT provider_gates_state_check CHECK ((state = ANY (ARRAY['ready'::text, 'throttled'::text, 'key_rejected'::text])))
)
WITH (fillfactor='20');

COMMENT ON TABLE public.provider_gates IS 'One row per vendor: whether it as a whole may be called.';

COMMENT ON COLUMN public.provider_gates.key_hash IS 'hash of the key in use, null for a vendor without one; a new key ends key_rejected';

COMMENT ON COLUMN public.provider_gates.slots IS 'calls in flight at once, all processes together';

COMMENT ON COLUMN public.provider_gates.share IS 'part of the documented rates that the vendor is asked for since slowed_at, when it last rate-limited us';

COMMENT ON COLUMN public.provider_gates.rejected_count IS 'asks that found no free slot';

CREATE TABLE public.provider_windows (
    provider text NOT NULL,
    seconds double precision NOT NULL,
    calls integer NOT NULL,
    newest bigint NOT NULL,
    spent integer[] NOT NULL,
    used integer DEFAULT 0 NOT NULL,
    CONSTRAINT provider_windows_calls_check CHECK ((calls > 0)),
    CONSTRAINT provider_windows_seconds_check CHECK ((seconds > (0)::double precision)),
    CONSTRAINT provider_windows_used_check CHECK ((used >= 0))
)
WITH (fillfactor='20');

COMMENT ON TABLE public.provider_windows IS 'The rates and quotas of a vendor: at most calls in any seconds, or per UTC day or month from 86400 seconds on.';

COMMENT ON COLUMN public.provider_windows.spent IS 'units of calls that ended in the slots newest, newest - 1, …; a slot is a 50th of the window, for a quota the whole day or month';

COMMENT ON COLUMN public.provider_windows.used IS 'the sum of spent';

CREATE FUNCTION public.gate_allowed(p_window public.provider_windows, p_gate public.provider_gates, p_at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    IF p_window.seconds >= 86400 OR p_gate.slowed_at IS NULL THEN
        RETURN p_window.calls;  -- a quota is the plan's; only rates are learnt from refusals
    END IF;
    RETURN greatest(1, floor(p_window.calls * gate_share(p_gate.share, p_gate.slowed_at, p_at)))::integer;
END
$$;

COMMENT ON FUNCTION public.gate_allowed(p_window public.provider_windows, p_gate public.provider_gates, p_at timestamp with time zone) IS 'Units that a window allows at the moment.';

CREATE FUNCTION public.gate_ask(p_provider text, p_scope text, p_holder text, p_in_flight integer, p_units integer, p_slots integer, p_tokens integer, p_cost integer, p_last_resort boolean, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT tokens integer, OUT slots integer, OUT wait double precision, OUT reason text, OUT paced boolean, OUT limits_only boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
    gate provider_gates;
    breaker provider_scopes;
    spending provider_windows;
    others record;
    until timestamptz;
    room integer;
BEGIN
    tokens := 0;
    slots := 0;
    limits_only := false;
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'gate_ask: % has not been registered', p_provider USING HINT = 'Call gate_register first.';
    END IF;
    IF gate.away_until > at THEN
        reason := gate.reason;
        wait := gate_seconds(at, gate.away_until);
        paced := gate.state = 'throttled';
        RETURN;
    ELSIF gate.state <> 'ready' THEN
        PERFORM gate_move_vendor(gate, 'ready', NULL, 'the wait is over', at);
    END IF;

    SELECT * INTO breaker FROM provider_scopes WHERE provider = p_provider AND scope = p_scope;
    IF breaker.state <> 'closed' THEN
        until := CASE
            WHEN breaker.state = 'half_open' THEN breaker.probe_until
            WHEN breaker.state = 'cooldown' AND p_last_resort
                THEN least(breaker.away_until, breaker.opened_at + interval '60 s')
            ELSE breaker.away_until
        END;
        IF until > at THEN
            reason := breaker.reason;
            wait := gate_seconds(at, until);
            paced := false;
            RETURN;
        END IF;
    END IF;

    IF EXISTS (SELECT FROM provider_leases WHERE provider = p_provider AND expires_at <= at) THEN
        PERFORM gate_bury(p_provider, at);
    END IF;
    SELECT coalesce(sum(lease.slots), 0) AS slots, coalesce(sum(lease.units), 0) AS units INTO others
    FROM provider_leases AS lease WHERE lease.provider = p_provider AND lease.holder <> p_holder;
    slots := least(gate.slots - others.slots, p_slots);
    IF slots <= p_in_flight THEN
        UPDATE provider_gates SET rejected_count = rejected_count + 1 WHERE provider = p_provider;
        slots := 0;
        reason := format('all of its %s slots for calls in flight are taken', gate.slots);
        wait := 0.1;  -- when a slot becomes free nobody knows: calls take about as long
        paced := true;
        limits_only := true;
        RETURN;
    END IF;

    tokens := CASE WHEN breaker.state <> 'closed' THEN 1 ELSE p_tokens END;
    FOR spending IN SELECT * FROM provider_windows WHERE provider = p_provider LOOP
        spending := gate_seen_at(spending, at);
        spending.used := spending.used + others.units + p_units;
        room := gate_allowed(spending, gate, at) - spending.used;
        IF room >= p_cost OR spending.used = 0 THEN  -- what costs more than the limit gets into an empty window
            tokens := least(tokens, greatest(1, room / p_cost / 10));
        ELSE
            tokens := 0;
            until := greatest(until, gate_free_at(spending, p_cost - room));
        END IF;
    END LOOP;
    IF tokens = 0 THEN
        slots := 0;
        wait := gate_seconds(at, until);
        paced := true;
        limits_only := true;
        reason := format('its plan''s calls are spent until %s', to_char(until, 'YYYY-MM-DD HH24:MI:SS'));
        RETURN;
    END IF;

    PERFORM gate_hold(p_provider, p_holder, slots, p_units + tokens * p_cost, at);
    IF breaker.state <> 'closed' THEN
        IF breaker.state <> 'half_open' THEN
            PERFORM gate_move_scope(breaker, 'half_open', NULL, 'one call finds out whether it answers again', at);
        END IF;
        UPDATE provider_scopes SET probe_holder = p_holder, probe_until = at + interval '60 s'
        WHERE provider = p_provider AND scope = p_scope;
    END IF;
END
$$;

COMMENT ON FUNCTION public.gate_ask(p_provider text, p_scope text, p_holder text, p_in_flight integer, p_units integer, p_slots integer, p_tokens integer, p_cost integer, p_last_resort boolean, p_at timestamp with time zone, OUT tokens integer, OUT slots integer, OUT wait double precision, OUT reason text, OUT paced boolean, OUT limits_only boolean) IS 'May this process call a vendor''s endpoint now? Permits (tokens to spend, slots to be in flight), or for how long not and why.';

CREATE FUNCTION public.gate_bury(p_provider text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    units integer;
BEGIN
    WITH expired AS (
        DELETE FROM provider_leases WHERE provider = p_provider AND expires_at <= p_at RETURNING provider_leases.units
    )
    SELECT sum(expired.units) INTO units FROM expired;
    PERFORM gate_spend(p_provider, units, p_at);  -- whether its last calls were made nobody knows any more
END
$$;

COMMENT ON FUNCTION public.gate_bury(p_provider text, p_at timestamp with time zone) IS 'Takes slots back from processes that have not been heard of for 300 s, and counts what they held as spent.';

CREATE TABLE public.provider_scopes (
    provider text NOT NULL,
    scope text NOT NULL,
    state text DEFAULT 'closed'::text NOT NULL,
    away_until timestamp with time zone,
    reason text,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    recent integer DEFAULT 0 NOT NULL,
    seen integer DEFAULT 0 NOT NULL,
    last_outcome_at timestamp with time zone,
    failures_in_a_row integer DEFAULT 0 NOT NULL,
    refusals_in_a_row integer DEFAULT 0 NOT NULL,
    ejections integer DEFAULT 0 NOT NULL,
    probe_holder text,
    probe_until timestamp with time zone,
    success_count bigint DEFAULT 0 NOT NULL,
    failure_count bigint DEFAULT 0 NOT NULL,
    last_failure_at timestamp with time zone,
    CONSTRAINT provider_scopes_state_check CHECK ((state = ANY (ARRAY['closed'::text, 'open'::text, 'cooldown'::text, 'half_open'::text, 'not_entitled'::text])))
)
WITH (fillfactor='20');

COMMENT ON TABLE public.provider_scopes IS 'The circuit breaker of each endpoint of a vendor (closed lets calls through).';

COMMENT ON COLUMN public.provider_scopes.recent IS 'the last 20 outcomes as bits, 1 for a failure, the newest lowest; seen of them count';

COMMENT ON COLUMN public.provider_scopes.ejections IS 'cooldowns in close succession: each doubles the next one';

COMMENT ON COLUMN public.provider_scopes.probe_holder IS 'the process whose one call decides a half-open breaker, until probe_until';

CREATE FUNCTION public.gate_eject(p_scope public.provider_scopes, p_reason text, p_jitter double precision, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    healthy constant double precision := coalesce(extract(epoch FROM p_at - p_scope.closed_at), 0);
    -- every ten minutes of health forgive one earlier cooldown; a failed probe was no health
    earlier constant integer := greatest(0, p_scope.ejections
        - CASE WHEN p_scope.state = 'closed' THEN floor(least(healthy, 36000) / 600)::integer ELSE 0 END);
    -- 60 s, doubled each time, apart by a fifth up or down so that processes do not come back together; an hour at most
    seconds constant double precision := least(3600, 60 * 2.0 ^ least(earlier, 6) * (0.8 + 0.4 * p_jitter));
BEGIN
    PERFORM gate_move_scope(p_scope, 'cooldown', p_at + make_interval(secs => seconds), p_reason, p_at);
    UPDATE provider_scopes SET ejections = least(earlier + 1, 6)
    WHERE provider = p_scope.provider AND scope = p_scope.scope;
END
$$;

COMMENT ON FUNCTION public.gate_eject(p_scope public.provider_scopes, p_reason text, p_jitter double precision, p_at timestamp with time zone) IS 'Puts an endpoint away, longer with each repetition; p_jitter is a random number from 0 to 1.';

CREATE FUNCTION public.gate_fail(p_provider text, p_scope text, p_holder text, p_message text, p_jitter double precision, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    breaker provider_scopes;
    failing integer;
BEGIN
    UPDATE provider_scopes
    SET failure_count = failure_count + 1,
        failures_in_a_row = failures_in_a_row + 1,
        recent = CASE WHEN gate_is_fresh(last_outcome_at, p_at) THEN (recent << 1 | 1) & ((1 << 20) - 1) ELSE 1 END,
        seen = CASE WHEN gate_is_fresh(last_outcome_at, p_at) THEN least(20, seen + 1) ELSE 1 END,
        last_outcome_at = p_at,
        last_failure_at = p_at
    WHERE provider = p_provider AND scope = p_scope
    RETURNING * INTO breaker;
    failing := bit_count(breaker.recent::bit(20));
    CASE
        WHEN breaker.state = 'half_open' AND breaker.probe_holder = p_holder THEN
            PERFORM gate_eject(breaker, format('it still fails: %s', p_message), p_jitter, p_at);
        WHEN breaker.state <> 'closed' THEN
            NULL;  -- a call that was under way when the breaker opened
        WHEN breaker.failures_in_a_row >= 5 THEN
            PERFORM gate_eject(breaker, format('5 failures in a row, last: %s', p_message), p_jitter, p_at);
        WHEN breaker.seen >= 10 AND failing * 2 >= breaker.seen THEN
            PERFORM gate_move_scope(breaker, 'open', p_at + interval '60 s',
                format('%s of its last %s calls failed, last: %s', failing, breaker.seen, p_message), p_at);
        ELSE
            NULL;
    END CASE;
END
$$;

COMMENT ON FUNCTION public.gate_fail(p_provider text, p_scope text, p_holder text, p_message text, p_jitter double precision, p_at timestamp with time zone) IS 'A vendor that is down or sends garbage: opens the breaker of an endpoint at half of its calls, ejects it at 5 in a row.';

CREATE FUNCTION public.gate_free_at(p_window public.provider_windows, p_excess integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
DECLARE
    kept constant integer := cardinality(p_window.spent);
    freed integer := 0;
BEGIN
    FOR age IN REVERSE kept - 1 .. 0 LOOP
        freed := freed + p_window.spent[age + 1];
        IF freed >= p_excess THEN
            RETURN gate_slot_start(p_window.seconds, p_window.newest - age + kept);
        END IF;
    END LOOP;
    -- calls under way have to end first, and may do so now; or the call costs more than the limit and needs an empty window
    RETURN gate_slot_start(p_window.seconds, p_window.newest + kept);
END
$$;

COMMENT ON FUNCTION public.gate_free_at(p_window public.provider_windows, p_excess integer) IS 'When so many units too many will have dropped out of a window, at the earliest.';

CREATE FUNCTION public.gate_give_probe_back(p_provider text, p_scope text, p_holder text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE provider_scopes SET probe_holder = NULL, probe_until = NULL
    WHERE provider = p_provider AND scope = p_scope AND probe_holder = p_holder;
END
$$;

COMMENT ON FUNCTION public.gate_give_probe_back(p_provider text, p_scope text, p_holder text) IS 'A probe that did not find out whether the endpoint works: the next call is one.';

CREATE FUNCTION public.gate_hold(p_provider text, p_holder text, p_slots integer, p_units integer, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF p_slots = 0 AND p_units = 0 THEN
        DELETE FROM provider_leases WHERE provider = p_provider AND holder = p_holder;
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM provider_leases
        WHERE provider = p_provider AND holder = p_holder AND slots = p_slots AND units = p_units
            AND expires_at BETWEEN p_at + interval '290 s' AND p_at + interval '300 s'
    ) THEN
        RETURN;  -- as it is: reading costs a sixth of writing
    END IF;
    INSERT INTO provider_leases AS held (provider, holder, slots, units, expires_at)
    VALUES (p_provider, p_holder, p_slots, p_units, p_at + interval '300 s')
    ON CONFLICT (provider, holder) DO UPDATE
    SET slots = excluded.slots, units = excluded.units, expires_at = excluded.expires_at;
END
$$;

COMMENT ON FUNCTION public.gate_hold(p_provider text, p_holder text, p_slots integer, p_units integer, p_at timestamp with time zone) IS 'So many slots and units of a vendor are this process'', for 290 to 300 s from now on.';

CREATE FUNCTION public.gate_is_fresh(p_last_outcome_at timestamp with time zone, p_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN COALESCE((p_last_outcome_at >= (p_at - '00:10:00'::interval)), false);

COMMENT ON FUNCTION public.gate_is_fresh(p_last_outcome_at timestamp with time zone, p_at timestamp with time zone) IS 'Whether an endpoint''s last outcomes are recent enough to count beside new ones.';

CREATE FUNCTION public.gate_lock(p_provider text, p_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('market_pipeline.gate'), hashtext(p_provider));
    RETURN coalesce(p_at, clock_timestamp());
END
$$;

COMMENT ON FUNCTION public.gate_lock(p_provider text, p_at timestamp with time zone) IS 'One decision about a vendor at a time; returns the time at which it is taken.';

CREATE FUNCTION public.gate_lock_out(p_provider text, p_scope text, p_holder text, p_message text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    gate provider_gates;
BEGIN
    PERFORM gate_give_probe_back(p_provider, p_scope, p_holder);
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.state = 'key_rejected' THEN
        RETURN;
    END IF;
    -- a key does not get better by waiting; a vendor without one has sent us away for some other reason
    PERFORM gate_move_vendor(gate, 'key_rejected',
        CASE WHEN gate.key_hash IS NULL THEN p_at + interval '1 hour' ELSE 'infinity' END,
        format('it denies access: %s', p_message), p_at);
END
$$;

COMMENT ON FUNCTION public.gate_lock_out(p_provider text, p_scope text, p_holder text, p_message text, p_at timestamp with time zone) IS 'A vendor does not accept the key: it is off until gate_register brings another one.';

CREATE FUNCTION public.gate_move_scope(p_scope public.provider_scopes, p_state text, p_until timestamp with time zone, p_reason text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE provider_scopes
    SET state = p_state,
        away_until = p_until,
        reason = nullif(p_reason, ''),
        opened_at = CASE WHEN p_state = 'closed' THEN NULL WHEN p_state = 'half_open' THEN opened_at ELSE p_at END,
        closed_at = CASE WHEN p_state = 'closed' THEN p_at ELSE closed_at END,
        recent = 0, seen = 0, failures_in_a_row = 0, refusals_in_a_row = 0, probe_holder = NULL, probe_until = NULL
    WHERE provider = p_scope.provider AND scope = p_scope.scope;
    INSERT INTO provider_events (at, provider, scope, from_state, to_state, reason)
    VALUES (p_at, p_scope.provider, p_scope.scope, p_scope.state, p_state, p_reason);
END
$$;

COMMENT ON FUNCTION public.gate_move_scope(p_scope public.provider_scopes, p_state text, p_until timestamp with time zone, p_reason text, p_at timestamp with time zone) IS 'A breaker changes its state and starts counting anew, and the change is recorded.';

CREATE FUNCTION public.gate_move_vendor(p_gate public.provider_gates, p_state text, p_until timestamp with time zone, p_reason text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE provider_gates
    SET state = p_state, away_until = p_until, reason = nullif(p_reason, '')
    WHERE provider = p_gate.provider;
    INSERT INTO provider_events (at, provider, scope, from_state, to_state, reason)
    VALUES (p_at, p_gate.provider, '', p_gate.state, p_state, p_reason);
END
$$;

COMMENT ON FUNCTION public.gate_move_vendor(p_gate public.provider_gates, p_state text, p_until timestamp with time zone, p_reason text, p_at timestamp with time zone) IS 'A whole vendor changes its state, and the change is recorded.';

CREATE FUNCTION public.gate_refuse(p_provider text, p_scope text, p_holder text, p_message text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    breaker provider_scopes;
BEGIN
    PERFORM gate_give_probe_back(p_provider, p_scope, p_holder);
    UPDATE provider_scopes SET refusals_in_a_row = refusals_in_a_row + 1
    WHERE provider = p_provider AND scope = p_scope
    RETURNING * INTO breaker;
    -- a plan may leave out single symbols; as many refusals without an answer mean the whole endpoint
    IF breaker.state <> 'not_entitled' AND breaker.refusals_in_a_row >= 3 THEN
        PERFORM gate_move_scope(breaker, 'not_entitled', p_at + interval '1 day',
            format('its plan does not include this: %s', p_message), p_at);
    END IF;
END
$$;

COMMENT ON FUNCTION public.gate_refuse(p_provider text, p_scope text, p_holder text, p_message text, p_at timestamp with time zone) IS 'The plan does not include a call: after three in a row the endpoint is off for a day.';

CREATE FUNCTION public.gate_register(p_provider text, p_key_hash text, p_slots integer, p_calls integer[], p_seconds double precision[], p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
    gate provider_gates;
BEGIN
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.state = 'key_rejected' AND gate.key_hash IS DISTINCT FROM p_key_hash THEN
        PERFORM gate_move_vendor(gate, 'ready', NULL, 'its key has changed', at);
    END IF;
    INSERT INTO provider_gates AS known (provider, key_hash, slots) VALUES (p_provider, p_key_hash, p_slots)
    ON CONFLICT (provider) DO UPDATE SET key_hash = excluded.key_hash, slots = excluded.slots
        WHERE (known.key_hash, known.slots) IS DISTINCT FROM (excluded.key_hash, excluded.slots);
    DELETE FROM provider_windows WHERE provider = p_provider AND seconds <> ALL (p_seconds);
    INSERT INTO provider_windows AS known (provider, seconds, calls, newest, spent)
    SELECT p_provider, seconds, calls, gate_slot(seconds, at),
        array_fill(0, ARRAY[CASE WHEN seconds < 86400 THEN 51 ELSE 1 END])
    FROM unnest(p_calls, p_seconds) AS given (calls, seconds)
    ON CONFLICT (provider, seconds) DO UPDATE SET calls = excluded.calls WHERE known.calls <> excluded.calls;
END
$$;

COMMENT ON FUNCTION public.gate_register(p_provider text, p_key_hash text, p_slots integer, p_calls integer[], p_seconds double precision[], p_at timestamp with time zone) IS 'Tells the gate of a vendor: its limits (calls[i] in seconds[i]) and the hash of its key. Again after each change of them.';

CREATE FUNCTION public.gate_report(p_provider text, p_scope text, p_holder text, p_slots integer, p_units integer, p_spent integer, p_successes integer, p_failure text DEFAULT NULL::text, p_message text DEFAULT NULL::text, p_retry_after double precision DEFAULT NULL::double precision, p_jitter double precision DEFAULT 0.5, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
BEGIN
    PERFORM gate_hold(p_provider, p_holder, p_slots, p_units, at);
    IF p_spent > 0 THEN
        PERFORM gate_spend(p_provider, p_spent, at);
    END IF;
    IF NOT EXISTS (SELECT FROM provider_scopes WHERE provider = p_provider AND scope = p_scope) THEN
        INSERT INTO provider_scopes (provider, scope) VALUES (p_provider, p_scope);
    END IF;
    IF p_successes > 0 THEN
        PERFORM gate_succeed(p_provider, p_scope, p_holder, p_successes, at);
    END IF;
    CASE
        WHEN p_failure IS NULL THEN
            NULL;
        WHEN p_failure = 'rate_limited' THEN
            PERFORM gate_throttle(p_provider, p_scope, p_holder, p_retry_after, p_message, at);
        WHEN p_failure = 'authentication' THEN
            PERFORM gate_lock_out(p_provider, p_scope, p_holder, p_message, at);
        WHEN p_failure = 'not_entitled' THEN
            PERFORM gate_refuse(p_provider, p_scope, p_holder, p_message, at);
        WHEN p_failure IN ('unavailable', 'malformed') THEN
            PERFORM gate_fail(p_provider, p_scope, p_holder, p_message, p_jitter, at);
        ELSE
            RAISE EXCEPTION 'gate_report: % is no failure of a vendor', p_failure;
    END CASE;
END
$$;

COMMENT ON FUNCTION public.gate_report(p_provider text, p_scope text, p_holder text, p_slots integer, p_units integer, p_spent integer, p_successes integer, p_failure text, p_message text, p_retry_after double precision, p_jitter double precision, p_at timestamp with time zone) IS 'What came of a process'' calls to a vendor''s endpoint: successes, and the failure that ended them.';

CREATE FUNCTION public.gate_reset(p_provider text, p_data_type text DEFAULT NULL::text, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    at constant timestamptz := gate_lock(p_provider, p_at);
    gate provider_gates;
    breaker provider_scopes;
    changed integer := 0;
BEGIN
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.state <> 'ready' THEN
        PERFORM gate_move_vendor(gate, 'ready', NULL, 'reset by hand', at);
        changed := changed + 1;
    END IF;
    UPDATE provider_gates SET share = 1, slowed_at = NULL WHERE provider = p_provider;
    FOR breaker IN
        SELECT * FROM provider_scopes
        WHERE provider = p_provider AND (p_data_type IS NULL OR split_part(scope, '/', 1) = p_data_type)
        ORDER BY scope
    LOOP
        IF breaker.state <> 'closed' THEN
            PERFORM gate_move_scope(breaker, 'closed', NULL, 'reset by hand', at);
            changed := changed + 1;
        END IF;
        UPDATE provider_scopes
        SET ejections = 0, recent = 0, seen = 0, failures_in_a_row = 0, refusals_in_a_row = 0
        WHERE provider = p_provider AND scope = breaker.scope;
    END LOOP;
    RETURN changed;
END
$$;

COMMENT ON FUNCTION public.gate_reset(p_provider text, p_data_type text, p_at timestamp with time zone) IS 'Brings a vendor back, or its endpoints of one data type; what was spent stays spent. Returns how many states changed.';

CREATE FUNCTION public.gate_seconds(p_from timestamp with time zone, p_until timestamp with time zone) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    IF p_until = 'infinity' THEN
        RETURN 'Infinity';  -- before PostgreSQL 17 there is no interval of that length
    END IF;
    RETURN extract(epoch FROM p_until - p_from);
END
$$;

COMMENT ON FUNCTION public.gate_seconds(p_from timestamp with time zone, p_until timestamp with time zone) IS 'Seconds from one moment to another, which may be infinitely far.';

CREATE FUNCTION public.gate_seen_at(p_window public.provider_windows, p_at timestamp with time zone) RETURNS public.provider_windows
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    slot constant bigint := gate_slot(p_window.seconds, p_at);
    kept integer;
    passed integer;
    units integer;
BEGIN
    IF slot <= p_window.newest THEN
        RETURN p_window;  -- a clock that was set back frees nothing
    END IF;
    kept := cardinality(p_window.spent);
    passed := least(slot - p_window.newest, kept);
    IF p_window.used > 0 THEN
        FOREACH units IN ARRAY p_window.spent[kept - passed + 1:] LOOP
            p_window.used := p_window.used - units;
        END LOOP;
        p_window.spent := array_fill(0, ARRAY[passed]) || p_window.spent[:kept - passed];
    END IF;
    p_window.newest := slot;
    RETURN p_window;
END
$$;

COMMENT ON FUNCTION public.gate_seen_at(p_window public.provider_windows, p_at timestamp with time zone) IS 'A window as it is at a later moment: what has become older than it is long has dropped out.';

CREATE FUNCTION public.gate_share(p_share double precision, p_slowed_at timestamp with time zone, p_at timestamp with time zone) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    IF p_slowed_at IS NULL THEN
        RETURN p_share;
    END IF;
    RETURN least(1, p_share + 0.01 * extract(epoch FROM p_at - p_slowed_at) / 60);  -- one x 0.7 is made good in 30 minutes
END
$$;

COMMENT ON FUNCTION public.gate_share(p_share double precision, p_slowed_at timestamp with time zone, p_at timestamp with time zone) IS 'The part of its documented rates that a vendor is asked for: less after a 429, recovering by 1 % a minute.';

CREATE FUNCTION public.gate_slot(p_seconds double precision, p_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    IF p_seconds < 86400 THEN
        RETURN floor(date_part('epoch', p_at) / (p_seconds / 50));  -- extract would give numeric, which is slower
    ELSIF p_seconds < 28 * 86400 THEN
        RETURN floor(date_part('epoch', p_at) / 86400);
    END IF;
    RETURN extract(year FROM p_at AT TIME ZONE 'UTC') * 12 + extract(month FROM p_at AT TIME ZONE 'UTC') - 1;
END
$$;

COMMENT ON FUNCTION public.gate_slot(p_seconds double precision, p_at timestamp with time zone) IS 'The number of the slot of a window that a moment lies in.';

CREATE FUNCTION public.gate_slot_start(p_seconds double precision, p_slot bigint) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    IF p_seconds < 86400 THEN
        RETURN to_timestamp(p_slot * (p_seconds / 50));
    ELSIF p_seconds < 28 * 86400 THEN
        RETURN to_timestamp(p_slot * 86400);
    END IF;
    RETURN make_timestamptz((p_slot / 12)::integer, (p_slot % 12)::integer + 1, 1, 0, 0, 0, 'UTC');
END
$$;

COMMENT ON FUNCTION public.gate_slot_start(p_seconds double precision, p_slot bigint) IS 'The moment at which a slot of a window begins.';

CREATE FUNCTION public.gate_spend(p_provider text, p_units integer, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE provider_windows AS spending
    SET (newest, spent, used) = (
        SELECT seen.newest, (seen.spent[1] + p_units) || seen.spent[2:], seen.used + p_units
        FROM gate_seen_at(spending, p_at) AS seen
    )
    WHERE provider = p_provider;
END
$$;

COMMENT ON FUNCTION public.gate_spend(p_provider text, p_units integer, p_at timestamp with time zone) IS 'Units of calls that have ended, counted in every window of a vendor.';

CREATE FUNCTION public.gate_succeed(p_provider text, p_scope text, p_holder text, p_times integer, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    breaker provider_scopes;
BEGIN
    UPDATE provider_scopes
    SET success_count = success_count + p_times,
        failures_in_a_row = 0,
        refusals_in_a_row = 0,
        recent = CASE
            WHEN gate_is_fresh(last_outcome_at, p_at) AND p_times < 20 THEN (recent << p_times) & ((1 << 20) - 1)
            ELSE 0
        END,
        seen = least(20, CASE WHEN gate_is_fresh(last_outcome_at, p_at) THEN seen ELSE 0 END + p_times),
        last_outcome_at = p_at
    WHERE provider = p_provider AND scope = p_scope
    RETURNING * INTO breaker;
    IF breaker.state = 'half_open' AND breaker.probe_holder = p_holder THEN
        PERFORM gate_move_scope(breaker, 'closed', NULL, 'it answers again', p_at);
    END IF;
END
$$;

COMMENT ON FUNCTION public.gate_succeed(p_provider text, p_scope text, p_holder text, p_times integer, p_at timestamp with time zone) IS 'Good answers of an endpoint; that of a probe closes its breaker.';

CREATE FUNCTION public.gate_throttle(p_provider text, p_scope text, p_holder text, p_retry_after double precision, p_message text, p_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    gate provider_gates;
    -- a minute where the vendor does not say how long; an hour at most, whatever it says; never less than a second
    until constant timestamptz := p_at + make_interval(secs => least(3600, greatest(1, coalesce(p_retry_after, 60))));
BEGIN
    PERFORM gate_give_probe_back(p_provider, p_scope, p_holder);
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF gate.away_until > p_at THEN
        UPDATE provider_gates SET away_until = greatest(away_until, until) WHERE provider = p_provider;
        RETURN;
    END IF;
    PERFORM gate_move_vendor(gate, 'throttled', until, format('it is rate-limiting: %s', p_message), p_at);
    UPDATE provider_gates SET share = greatest(0.1, 0.7 * gate_share(share, slowed_at, p_at)), slowed_at = p_at
    WHERE provider = p_provider;
END
$$;

COMMENT ON FUNCTION public.gate_throttle(p_provider text, p_scope text, p_holder text, p_retry_after double precision, p_message text, p_at timestamp with time zone) IS 'A vendor refuses more calls for now: it is left alone for as long as it says, then asked at 0.7 of the rate.';

CREATE FUNCTION public.get_provider_performance(p_data_type text DEFAULT NULL::text, p_window interval DEFAULT NULL::interval) RETURNS TABLE(provider text, total_attempts bigint, successes bigint, failures bigint, rate_limited bigint, success_rate double precision, avg_response_time_ms double precision, p50_response_ms double precision, p95_response_ms double precision, records bigint, last_success_at timestamp with time zone, last_error text, state text, reason text, away_until timestamp with time zone, tokens_left integer, quota_left integer)
    LANGUAGE sql STABLE
    AS $$
    WITH totals AS (
        SELECT
            counts.provider,
            sum(calls) AS attempts,
            sum(calls) FILTER (WHERE attempt_kind(outcome) = 'success') AS good,
            sum(calls) FILTER (WHERE attempt_kind(outcome) = 'rate_limited') AS limited,
            sum(response_ms) AS response_ms,
            sum(counts.records) AS records
        FROM attempt_counts_within(p_window) AS counts
        WHERE p_data_type IS NULL OR data_type = p_data_type
        GROUP BY counts.provider
    ), histograms AS (
        SELECT
            latencies.provider, bucket, sum(calls) AS calls,
            sum(sum(calls)) OVER (PARTITION BY latencies.provider ORDER BY bucket) AS up_to_here,
            sum(sum(calls)) OVER (PARTITION BY latencies.provider) AS all_calls
        FROM attempt_latencies_within(p_window) AS latencies
        WHERE p_data_type IS NULL OR data_type = p_data_type
        GROUP BY latencies.provider, bucket
    ), percentiles AS (
        SELECT
            histograms.provider,
            max(latency_within(bucket, least(1, (0.5 * all_calls - up_to_here + calls) / calls)::double precision))
                FILTER (WHERE up_to_here - calls < 0.5 * all_calls) AS p50,
            max(latency_within(bucket, least(1, (0.95 * all_calls - up_to_here + calls) / calls)::double precision))
                FILTER (WHERE up_to_here - calls < 0.95 * all_calls) AS p95
        FROM histograms GROUP BY histograms.provider
    ), known AS (
        SELECT stats.provider, max(stats.last_success_at) AS last_success_at,
            (array_agg(stats.last_error ORDER BY stats.last_failure_at DESC NULLS LAST))[1] AS last_error
        FROM provider_stats AS stats
        WHERE p_data_type IS NULL OR data_type = p_data_type
        GROUP BY stats.provider
    ), gates AS (
        SELECT DISTINCT ON (name) name AS provider, gate.state, gate.reason, gate.away_until, gate.tokens_left, gate.quota_left
        FROM provider_status AS gate
        WHERE p_data_type IS NULL OR gate.scope IS NULL OR split_part(gate.scope, '/', 1) = p_data_type
        ORDER BY name, array_position('{key_rejected,throttled,open,cooldown,half_open,not_entitled}', gate.state), gate.away_until
    )
    SELECT
        provider,
        coalesce(attempts, 0)::bigint,
        coalesce(good, 0)::bigint,
        (coalesce(attempts, 0) - coalesce(good, 0) - coalesce(limited, 0))::bigint,
        coalesce(limited, 0)::bigint,
        (100.0 * coalesce(good, 0) / nullif(attempts - coalesce(limited, 0), 0))::double precision,
        totals.response_ms / attempts::double precision,
        p50,
        p95,
        coalesce(totals.records, 0)::bigint,
        known.last_success_at,
        known.last_error,
        gates.state,
        gates.reason,
        nullif(gates.away_until, 'infinity'),
        gates.tokens_left,
        gates.quota_left
    FROM totals
    JOIN percentiles USING (provider)
    FULL JOIN known USING (provider)
    FULL JOIN gates USING (provider)
    ORDER BY provider
$$;

COMMENT ON FUNCTION public.get_provider_performance(p_data_type text, p_window interval) IS 'How each vendor does, of all time or in a window (to the hour): rates in percent, times in ms, percentiles within 19 %, its gate''s worst state.';

CREATE FUNCTION public.get_retry_candidates(p_data_type text DEFAULT NULL::text, p_at timestamp with time zone DEFAULT now()) RETURNS TABLE(data_type text, symbol text, partition_key text, timeframe text, attempts integer, next_retry_at timestamp with time zone, last_failed_at timestamp with time zone, errors jsonb)
    LANGUAGE sql STABLE
    AS $$
    SELECT owed.data_type, owed.symbol, owed.partition_key, owed.timeframe, owed.attempts, owed.next_retry_at,
        owed.last_failed_at, owed.errors
    FROM failed_symbols AS owed
    LEFT JOIN tracked_symbols AS tracked USING (symbol)
    LEFT JOIN data_types AS kind USING (data_type)
    WHERE owed.state = 'waiting' AND owed.next_retry_at <= p_at
        AND (p_data_type IS NULL OR owed.data_type = p_data_type)
        AND (tracked.active OR owed.symbol = '*' OR NOT kind.per_symbol) -- the market and indices are no tracked symbols
    ORDER BY owed.next_retry_at, owed.data_type, owed.partition_key, owed.timeframe, owed.symbol
$$;

COMMENT ON FUNCTION public.get_retry_candidates(p_data_type text, p_at timestamp with time zone) IS 'Symbols ready for retry, the longest due first: SELECT * FROM get_retry_candidates(''company_info''). Only tracked ones.';

CREATE FUNCTION public.latency_bucket(response_ms double precision) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
    SELECT ceil(4 * ln(greatest(response_ms, 1)) / ln(2::double precision))::smallint
$$;

COMMENT ON FUNCTION public.latency_bucket(response_ms double precision) IS 'Number of a response time''s bucket: n holds more than 2^((n-1)/4) ms, up to 2^(n/4), which is 19 % more; 0 up to 1 ms.';

CREATE FUNCTION public.latency_within(bucket smallint, part double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
    SELECT CASE bucket
        WHEN 0 THEN part
        ELSE 2 ^ ((bucket - 1) / 4.0::double precision) * (1 + part * (2 ^ 0.25::double precision - 1))
    END
$$;

COMMENT ON FUNCTION public.latency_within(bucket smallint, part double precision) IS 'The response time (ms) at a part (0 to 1) of the way through a bucket of latency_bucket().';

CREATE FUNCTION public.provider_record_kept(p_since timestamp with time zone, p_at timestamp with time zone) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    -- half of it in a day: yesterday's run of a daily data type still counts, last week's has faded to under 1 %
    RETURN 0.5::double precision ^ least(100, greatest(0, date_part('epoch', p_at - p_since) / 86400));
END
$$;

COMMENT ON FUNCTION public.provider_record_kept(p_since timestamp with time zone, p_at timestamp with time zone) IS 'What is left after some time of a vendor''s recent record.';

CREATE FUNCTION public.record_index_members(p_index text, p_members text[], p_at timestamp with time zone, p_run_id text) RETURNS TABLE(member text, change text)
    LANGUAGE sql
    AS $$
    WITH listed AS (
        SELECT one.member, one.first_seen_at IS NULL OR one.removed_at IS NOT NULL AS is_new
        FROM index_constituents AS one WHERE one.symbol = p_index AND one.member = ANY (p_members)
    ), kept AS (
        UPDATE index_constituents AS one
        SET first_seen_at = coalesce(one.first_seen_at, p_at), last_seen_at = p_at, removed_at = NULL
        FROM listed WHERE one.symbol = p_index AND one.member = listed.member
    ), ended AS (
        UPDATE index_constituents AS one SET removed_at = p_at
        WHERE one.symbol = p_index AND one.removed_at IS NULL AND one.first_seen_at IS NOT NULL
            AND one.member <> ALL (p_members)
        RETURNING one.member
    ), unconfirmed AS (  -- of a list that broke off, and not in the one that did not
        DELETE FROM index_constituents AS one
        WHERE one.symbol = p_index AND one.first_seen_at IS NULL AND one.member <> ALL (p_members)
    )
    INSERT INTO index_changes AS log (symbol, member, seen_at, change, run_id)
    SELECT p_index, listed.member, p_at, 'added', p_run_id FROM listed WHERE listed.is_new
    UNION ALL
    SELECT p_index, ended.member, p_at, 'removed', p_run_id FROM ended
    ON CONFLICT DO NOTHING
    RETURNING log.member, log.change
$$;

COMMENT ON FUNCTION public.record_index_members(p_index text, p_members text[], p_at timestamp with time zone, p_run_id text) IS 'Takes a complete list of an index: marks who is in it and who has left it, logs the changes and returns them.';

CREATE FUNCTION public.window_begins_at(p_window interval) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT date_trunc('hour', now() - p_window, 'UTC')
$$;

COMMENT ON FUNCTION public.window_begins_at(p_window interval) IS 'The full hour with which a window until now begins.';

CREATE FUNCTION public.window_midnight(p_window interval) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT date_trunc('day', window_begins_at(p_window) + interval '23 hours', 'UTC')
$$;

COMMENT ON FUNCTION public.window_midnight(p_window interval) IS 'The first midnight (UTC) in a window until now: from here on it is counted by days, before by hours.';

CREATE TABLE public.alerts (
    alert_id bigint NOT NULL,
    name text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL,
    message text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    notified_at timestamp with time zone,
    recovery_notified_at timestamp with time zone,
    notified text[] DEFAULT '{}'::text[] NOT NULL,
    recovery_notified text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT alerts_severity_check CHECK ((severity = ANY (ARRAY['critical'::text, 'warning'::text])))
);

COMMENT ON TABLE public.alerts IS 'What rules found wrong, a row from the first time it was seen until it is closed; at most one open row per name and subject.';

COMMENT ON COLUMN public.alerts.name IS 'the rule: SchedulerNotRunning, HighFailureRate, …';

COMMENT ON COLUMN public.alerts.subject IS 'what it is about: a job, a schedule, a data type; empty where there is only one';

COMMENT ON COLUMN public.alerts.closed_at IS 'when it had not been seen for some minutes';

COMMENT ON COLUMN public.alerts.notified_at IS 'when somebody was last told of it';

COMMENT ON COLUMN public.alerts.notified IS 'who has been told of it: hashes of the entries of ALERT_URLS';

COMMENT ON COLUMN public.alerts.recovery_notified IS 'who has been told that it is over';

ALTER TABLE public.alerts ALTER COLUMN alert_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alerts_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.annual_returns (
    symbol text NOT NULL,
    year bigint NOT NULL,
    first_session date NOT NULL,
    last_session date NOT NULL,
    sessions bigint NOT NULL,
    base_session date NOT NULL,
    base_close double precision NOT NULL,
    last_close double precision NOT NULL,
    is_partial boolean NOT NULL,
    price_return double precision,
    dividends double precision,
    total_return double precision,
    computed_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.annual_returns IS 'Price return and total return of a share in one calendar year, from daily closes adjusted for splits.';

COMMENT ON COLUMN public.annual_returns.year IS 'calendar year';

COMMENT ON COLUMN public.annual_returns.first_session IS 'first trading day of the year that has a bar (exchange-local date)';

COMMENT ON COLUMN public.annual_returns.last_session IS 'last trading day of the year that has a bar (exchange-local date)';

COMMENT ON COLUMN public.annual_returns.sessions IS 'bars of the year';

COMMENT ON COLUMN public.annual_returns.base_session IS 'trading day whose close the return starts from: the last one of the year before, else first_session (exchange-local date)';

COMMENT ON COLUMN public.annual_returns.base_close IS 'close of base_session, per share after all splits that are known (currency per share)';

COMMENT ON COLUMN public.annual_returns.last_close IS 'close of last_session, likewise (currency per share)';

COMMENT ON COLUMN public.annual_returns.is_partial IS 'whether bars are missing at an end of the year, or it is not over';

COMMENT ON COLUMN public.annual_returns.price_return IS 'last_close over base_close, less 1 (fraction)';

COMMENT ON COLUMN public.annual_returns.dividends IS 'dividends since base_session; null where they were never fetched (currency per share)';

COMMENT ON COLUMN public.annual_returns.total_return IS 'return with dividends put into the share again; null without them (fraction)';

COMMENT ON COLUMN public.annual_returns.computed_at IS 'when it was computed (UTC)';

CREATE TABLE public.cache_usage (
    data_type text NOT NULL,
    day date NOT NULL,
    hits bigint NOT NULL,
    misses bigint NOT NULL,
    stale bigint NOT NULL
);

COMMENT ON TABLE public.cache_usage IS 'Symbols by data type and UTC day: served from cached_answers, asked for because there was none, served stale.';

CREATE TABLE public.cached_answers (
    data_type text NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    span daterange NOT NULL,
    provider text NOT NULL,
    records integer NOT NULL,
    run_id text NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
WITH (fillfactor='70');

COMMENT ON TABLE public.cached_answers IS 'Who answered for a symbol when, so that nobody is asked again for what is there. Kept for a day, or as long as it may serve.';

COMMENT ON COLUMN public.cached_answers.timeframe IS 'length of the bars, '''' for data types without';

COMMENT ON COLUMN public.cached_answers.span IS 'the days that were asked for; (,) for the whole history';

COMMENT ON COLUMN public.cached_answers.records IS 'valid records in the answer; 0 is an answer, too';

COMMENT ON COLUMN public.cached_answers.run_id IS 'the run that asked: its own retries are served, whatever the age';

COMMENT ON COLUMN public.cached_answers.expires_at IS 'until when it serves other runs; answered_at where it never does (live quotes)';

CREATE VIEW public.cache_stats AS
 SELECT data_type,
    COALESCE(kept.answers, (0)::bigint) AS answers,
    COALESCE(kept.fresh, (0)::bigint) AS fresh,
    kept.oldest_fresh_at,
    kept.last_answered_at,
    (COALESCE(used.hits, (0)::numeric))::bigint AS hits,
    (COALESCE(used.misses, (0)::numeric))::bigint AS misses,
    (COALESCE(used.stale, (0)::numeric))::bigint AS stale,
    (((100.0 * used.hits) / NULLIF((used.hits + used.misses), (0)::numeric)))::double precision AS hit_rate
   FROM (( SELECT cached_answers.data_type,
            count(*) AS answers,
            count(*) FILTER (WHERE (cached_answers.expires_at > now())) AS fresh,
            min(cached_answers.answered_at) FILTER (WHERE (cached_answers.expires_at > now())) AS oldest_fresh_at,
            max(cached_answers.answered_at) AS last_answered_at
           FROM public.cached_answers
          GROUP BY cached_answers.data_type) kept
     FULL JOIN ( SELECT cache_usage.data_type,
            sum(cache_usage.hits) AS hits,
            sum(cache_usage.misses) AS misses,
            sum(cache_usage.stale) AS stale
           FROM public.cache_usage
          GROUP BY cache_usage.data_type) used USING (data_type));

COMMENT ON VIEW public.cache_stats IS 'By data type: answers kept, those of them that still serve, and how often they did (hit_rate in percent, over all time).';

CREATE TABLE public.company_info (
    symbol text NOT NULL,
    name text NOT NULL,
    exchange text,
    asset_class text,
    sector text,
    industry text,
    country text,
    currency text,
    market_cap numeric,
    shares_outstanding numeric,
    employees bigint,
    ceo text,
    website text,
    description text,
    address text,
    phone text,
    ipo_date date,
    fiscal_year_end text,
    cik text,
    isin text,
    figi text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.company_info IS 'A company''s profile: name, listing, industry, size and where to read more.';

COMMENT ON COLUMN public.company_info.name IS 'registered or usual name';

COMMENT ON COLUMN public.company_info.exchange IS 'listing venue as the vendor spells it';

COMMENT ON COLUMN public.company_info.asset_class IS 'stock, etf, fund, index, currency or crypto';

COMMENT ON COLUMN public.company_info.sector IS 'sector as the vendor spells it';

COMMENT ON COLUMN public.company_info.industry IS 'industry as the vendor spells it';

COMMENT ON COLUMN public.company_info.country IS 'country of incorporation or headquarters, as the vendor spells it';

COMMENT ON COLUMN public.company_info.currency IS 'currency of the listing and of market_cap (ISO 4217)';

COMMENT ON COLUMN public.company_info.market_cap IS 'market capitalisation (currency)';

COMMENT ON COLUMN public.company_info.shares_outstanding IS 'shares outstanding (shares)';

COMMENT ON COLUMN public.company_info.employees IS 'full-time employees (people)';

COMMENT ON COLUMN public.company_info.ceo IS 'chief executive';

COMMENT ON COLUMN public.company_info.website IS 'home page';

COMMENT ON COLUMN public.company_info.description IS 'what the company does';

COMMENT ON COLUMN public.company_info.address IS 'street, city, state and post code in one line';

COMMENT ON COLUMN public.company_info.phone IS 'telephone';

COMMENT ON COLUMN public.company_info.ipo_date IS 'first day of trading (date)';

COMMENT ON COLUMN public.company_info.fiscal_year_end IS 'last month of the fiscal year, in English: September';

COMMENT ON COLUMN public.company_info.cik IS 'SEC central index key, ten digits';

COMMENT ON COLUMN public.company_info.isin IS 'international securities identification number';

COMMENT ON COLUMN public.company_info.figi IS 'financial instrument global identifier';

CREATE TABLE public.data_freshness (
    data_type text NOT NULL,
    symbol text NOT NULL,
    timeframe text DEFAULT ''::text NOT NULL,
    last_computed_at timestamp with time zone,
    data_point_count bigint DEFAULT 0 NOT NULL,
    fresh_until timestamp with time zone,
    stale_at timestamp with time zone,
    status text DEFAULT 'missing'::text NOT NULL,
    staleness_seconds bigint,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT data_freshness_check CHECK ((stale_at >= fresh_until)),
    CONSTRAINT data_freshness_data_point_count_check CHECK ((data_point_count >= 0)),
    CONSTRAINT data_freshness_status_check CHECK ((status = ANY (ARRAY['fresh'::text, 'aging'::text, 'stale'::text, 'missing'::text])))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.data_freshness IS 'When each symbol was last refreshed, a row for all that is expected. status and staleness_seconds are as of updated_at: current_freshness has those of now.';

COMMENT ON COLUMN public.data_freshness.timeframe IS 'bar length, '''' where the data type has none';

COMMENT ON COLUMN public.data_freshness.last_computed_at IS 'when a vendor last settled it (or it was computed); for a refresh of past days the end of those days; null before the first time';

COMMENT ON COLUMN public.data_freshness.data_point_count IS 'rows of the last answer that had any';

COMMENT ON COLUMN public.data_freshness.fresh_until IS 'turns from fresh to aging at this moment; null while there are no data points';

COMMENT ON COLUMN public.data_freshness.stale_at IS 'turns from aging to stale at this moment';

COMMENT ON COLUMN public.data_freshness.staleness_seconds IS 'by the clock on the wall, whatever the exchange''s calendar says';

CREATE VIEW public.current_freshness AS
 SELECT data_type,
    symbol,
    timeframe,
    last_computed_at,
    data_point_count,
    public.freshness_status(fresh_until, stale_at, now()) AS status,
    (floor(EXTRACT(epoch FROM (now() - last_computed_at))))::bigint AS staleness_seconds,
    fresh_until,
    stale_at,
    updated_at
   FROM public.data_freshness;

COMMENT ON VIEW public.current_freshness IS 'How fresh the data of every active symbol is now, missing where it was never fetched: true also when nothing runs.';

CREATE TABLE public.dagster_freshness (
    data_type text NOT NULL,
    state text NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.dagster_freshness IS 'Dagster''s own verdict on each asset, which is about its last materialisation and knows no symbols and no calendar.';

COMMENT ON COLUMN public.dagster_freshness.state IS 'PASS, WARN, FAIL, UNKNOWN (never materialised) or NOT_APPLICABLE';

CREATE TABLE public.data_quality (
    data_type text NOT NULL,
    symbol text NOT NULL,
    rows_checked bigint NOT NULL,
    validation_rate double precision,
    completeness double precision,
    deviation double precision,
    quality_score double precision,
    measured_at timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    compared_with text,
    compared_at timestamp with time zone,
    CONSTRAINT data_quality_completeness_check CHECK (((completeness >= (0)::double precision) AND (completeness <= (100)::double precision))),
    CONSTRAINT data_quality_deviation_check CHECK ((deviation >= (0)::double precision)),
    CONSTRAINT data_quality_quality_score_check CHECK (((quality_score >= (0)::double precision) AND (quality_score <= (1)::double precision))),
    CONSTRAINT data_quality_validation_rate_check CHECK (((validation_rate >= (0)::double precision) AND (validation_rate <= (100)::double precision)))
);

COMMENT ON TABLE public.data_quality IS 'How good the rows of the last weeks are, by symbol and data type; null where there is nothing to judge by.';

COMMENT ON COLUMN public.data_quality.symbol IS '* for data about the whole market';

COMMENT ON COLUMN public.data_quality.rows_checked IS 'rows that vendors sent: kept and refused ones';

COMMENT ON COLUMN public.data_quality.validation_rate IS 'part of rows_checked that was kept (percent)';

COMMENT ON COLUMN public.data_quality.completeness IS 'part of what is due that is there: sessions with rows, else 100 or 0 (percent)';

COMMENT ON COLUMN public.data_quality.deviation IS 'how far a second vendor''s figures were from ours, median (percent); null until one was asked';

COMMENT ON COLUMN public.data_quality.quality_score IS '0 to 1: 0.4 validation rate, 0.4 completeness, 0.2 agreement, which is 0 from a deviation of 1 percent on';

COMMENT ON COLUMN public.data_quality.compared_with IS 'the second vendor that was asked last; null where nobody had a comparable answer';

COMMENT ON COLUMN public.data_quality.compared_at IS 'when a second vendor was asked last';

CREATE TABLE public.data_types (
    data_type text NOT NULL,
    warn_window interval NOT NULL,
    fail_window interval NOT NULL,
    ages text NOT NULL,
    per_symbol boolean NOT NULL,
    timeframes text[] NOT NULL,
    subjects text[] DEFAULT '{*}'::text[] NOT NULL,
    computed boolean DEFAULT false NOT NULL,
    CONSTRAINT data_types_ages_check CHECK ((ages = ANY (ARRAY['always'::text, 'on_session_days'::text, 'while_open'::text])))
);

COMMENT ON TABLE public.data_types IS 'What has to be fresh, as the code declares it: written at start by whatever opens the database.';

COMMENT ON COLUMN public.data_types.warn_window IS 'younger is fresh';

COMMENT ON COLUMN public.data_types.fail_window IS 'younger is aging, older stale';

COMMENT ON COLUMN public.data_types.ages IS 'when age grows: always, on_session_days of the exchange, or while_open';

COMMENT ON COLUMN public.data_types.per_symbol IS 'false where it is about the subjects and not about the universe';

COMMENT ON COLUMN public.data_types.timeframes IS 'bar lengths that are kept, {} where there are none';

COMMENT ON COLUMN public.data_types.subjects IS 'what it is about where that is not the universe: * for the whole market, or indices';

COMMENT ON COLUMN public.data_types.computed IS 'whether it is computed from other data types; false where vendors are asked';

CREATE TABLE public.database_world (
    only_row boolean DEFAULT true NOT NULL,
    world text NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT database_world_only_row_check CHECK (only_row)
);

COMMENT ON TABLE public.database_world IS 'Which world the rows are from, live or simulated:SEED; the two are never mixed.';

CREATE TABLE public.dividends (
    symbol text NOT NULL,
    ex_date date NOT NULL,
    amount numeric NOT NULL,
    adjustment text NOT NULL,
    kind text,
    declaration_date date,
    record_date date,
    pay_date date,
    frequency bigint,
    currency text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.dividends IS 'A cash dividend.  What a company pays on one ex-date is one row; parsers add up parts of it.';

COMMENT ON COLUMN public.dividends.ex_date IS 'first day on which a buyer no longer gets the dividend (exchange-local date)';

COMMENT ON COLUMN public.dividends.amount IS 'cash per share (currency per share)';

COMMENT ON COLUMN public.dividends.adjustment IS 'raw as declared, or divided by later splits';

COMMENT ON COLUMN public.dividends.kind IS 'regular or special, where the vendor says so';

COMMENT ON COLUMN public.dividends.declaration_date IS 'day of the announcement (date)';

COMMENT ON COLUMN public.dividends.record_date IS 'holders of this day are paid (date)';

COMMENT ON COLUMN public.dividends.pay_date IS 'day of the payment (date)';

COMMENT ON COLUMN public.dividends.frequency IS 'payments per year; 0 for a one-off';

COMMENT ON COLUMN public.dividends.currency IS 'currency of the amount (ISO 4217)';

CREATE TABLE public.earnings (
    symbol text NOT NULL,
    calendar_quarter text NOT NULL,
    period_end date,
    fiscal_year bigint,
    fiscal_quarter bigint,
    report_date date,
    report_time text,
    eps_estimate numeric,
    eps_actual numeric,
    surprise_percent numeric,
    revenue_estimate numeric,
    revenue_actual numeric,
    currency text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.earnings IS 'What a company earned in a quarter, what analysts expected, and when it was or will be reported.';

COMMENT ON COLUMN public.earnings.calendar_quarter IS 'calendar quarter of the middle of the period: 2026Q3';

COMMENT ON COLUMN public.earnings.period_end IS 'last day of the fiscal quarter (date)';

COMMENT ON COLUMN public.earnings.fiscal_year IS 'fiscal year as the company counts it';

COMMENT ON COLUMN public.earnings.fiscal_quarter IS 'fiscal quarter, 1 to 4';

COMMENT ON COLUMN public.earnings.report_date IS 'day of the report, past or expected (exchange-local date)';

COMMENT ON COLUMN public.earnings.report_time IS 'before market open, after market close, during market hours';

COMMENT ON COLUMN public.earnings.eps_estimate IS 'analysts'' consensus of earnings per share (currency per share)';

COMMENT ON COLUMN public.earnings.eps_actual IS 'reported earnings per share; None before the report (currency per share)';

COMMENT ON COLUMN public.earnings.surprise_percent IS '(actual - estimate) / |estimate| (percent)';

COMMENT ON COLUMN public.earnings.revenue_estimate IS 'analysts'' consensus of revenue (currency)';

COMMENT ON COLUMN public.earnings.revenue_actual IS 'reported revenue (currency)';

COMMENT ON COLUMN public.earnings.currency IS 'currency of the row (ISO 4217)';

CREATE TABLE public.economic_events (
    symbol text,
    event_date date NOT NULL,
    country text NOT NULL,
    event text NOT NULL,
    event_at timestamp with time zone,
    period text,
    actual numeric,
    estimate numeric,
    previous numeric,
    unit text,
    importance text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.economic_events IS 'One release of one figure for one country.  `symbol` is always `*`: it is about the whole market.';

COMMENT ON COLUMN public.economic_events.event_date IS 'day of the release (date in the country''s capital or UTC, as the vendor has it)';

COMMENT ON COLUMN public.economic_events.country IS 'ISO 3166 code; EU for the euro area';

COMMENT ON COLUMN public.economic_events.event IS 'name of the release as the vendor spells it';

COMMENT ON COLUMN public.economic_events.event_at IS 'time of the release; None where only the day is known (UTC)';

COMMENT ON COLUMN public.economic_events.period IS 'what the figure is about: Oct, Q3, 2026-10-01';

COMMENT ON COLUMN public.economic_events.actual IS 'released figure; None before the release (unit)';

COMMENT ON COLUMN public.economic_events.estimate IS 'consensus forecast (unit)';

COMMENT ON COLUMN public.economic_events.previous IS 'figure of the period before (unit)';

COMMENT ON COLUMN public.economic_events.unit IS 'unit of the figures: %, K, USD, index';

COMMENT ON COLUMN public.economic_events.importance IS 'how much markets usually care';

CREATE TABLE public.scheduler_execution_log (
    execution_id uuid NOT NULL,
    run_id text NOT NULL,
    job text NOT NULL,
    data_type text NOT NULL,
    partition_key text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    total_symbols integer DEFAULT 0 NOT NULL,
    successful_symbols integer DEFAULT 0 NOT NULL,
    failed_symbols integer DEFAULT 0 NOT NULL,
    total_records_processed bigint DEFAULT 0 NOT NULL,
    total_records_inserted bigint DEFAULT 0 NOT NULL,
    total_records_updated bigint DEFAULT 0 NOT NULL,
    duration_seconds double precision GENERATED ALWAYS AS ((EXTRACT(epoch FROM (completed_at - started_at)))::double precision) STORED,
    status text NOT NULL,
    error_message text,
    CONSTRAINT scheduler_execution_log_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'failed'::text])))
);

COMMENT ON TABLE public.scheduler_execution_log IS 'One row per execution: what a run did for one data type, when, for how many symbols, and how it ended.';

COMMENT ON COLUMN public.scheduler_execution_log.execution_id IS 'follows from run and step, so that a retry of the step continues its execution';

COMMENT ON COLUMN public.scheduler_execution_log.run_id IS 'the Dagster run';

COMMENT ON COLUMN public.scheduler_execution_log.job IS 'the Dagster job; __ASSET_JOB for assets materialised in the UI';

COMMENT ON COLUMN public.scheduler_execution_log.partition_key IS 'the days, first...last; empty for data kept by symbol';

COMMENT ON COLUMN public.scheduler_execution_log.updated_at IS 'when its run last wrote to it';

COMMENT ON COLUMN public.scheduler_execution_log.total_symbols IS 'symbols it is about; successful and failed ones are counted at the end';

COMMENT ON COLUMN public.scheduler_execution_log.total_records_processed IS 'records stored, those that were there already included';

COMMENT ON COLUMN public.scheduler_execution_log.status IS 'completed also where some symbols failed; failed where the step did, or its run ended without it';

CREATE TABLE public.symbol_computation_status (
    execution_id uuid NOT NULL,
    symbol text NOT NULL,
    asset_class text,
    timeframe text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    records_processed bigint DEFAULT 0 NOT NULL,
    records_inserted bigint DEFAULT 0 NOT NULL,
    records_updated bigint DEFAULT 0 NOT NULL,
    features_computed integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    duration_seconds double precision GENERATED ALWAYS AS ((EXTRACT(epoch FROM (completed_at - started_at)))::double precision) STORED,
    retry_count integer DEFAULT 0 NOT NULL,
    error_message text,
    last_error text,
    CONSTRAINT symbol_computation_status_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'completed'::text, 'failed'::text, 'retry'::text])))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.symbol_computation_status IS 'How each symbol of an execution is doing, by timeframe where there are several.';

COMMENT ON COLUMN public.symbol_computation_status.symbol IS '* for data about the whole market';

COMMENT ON COLUMN public.symbol_computation_status.timeframe IS 'bar length; empty for data without bars';

COMMENT ON COLUMN public.symbol_computation_status.status IS 'retry: it failed, and another try of the step will follow by itself';

COMMENT ON COLUMN public.symbol_computation_status.retry_count IS 'in which retry of the step it was last worked on, 0 for the first try';

COMMENT ON COLUMN public.symbol_computation_status.error_message IS 'why it failed; null for one that did not, or was got by a retry';

COMMENT ON COLUMN public.symbol_computation_status.last_error IS 'the last error of any try, kept when a retry got it';

CREATE VIEW public.enrichment_compute_log AS
 SELECT past.execution_id,
    past.run_id,
    past.data_type,
    one.symbol,
    one.timeframe,
    one.started_at,
    one.completed_at AS computed_at,
    one.status,
    (one.status = 'completed'::text) AS success,
    one.features_computed,
    one.records_processed,
    one.records_inserted,
    one.records_updated,
    ((1000)::double precision * one.duration_seconds) AS computation_time_ms,
    one.retry_count,
    COALESCE(one.error_message, one.last_error) AS error_message
   FROM ((public.symbol_computation_status one
     JOIN public.scheduler_execution_log past USING (execution_id))
     JOIN public.data_types kind USING (data_type))
  WHERE kind.computed;

COMMENT ON VIEW public.enrichment_compute_log IS 'Each series that was computed, in each execution: features, rows, how long it took, and why it failed.';

CREATE TABLE public.fetch_attempts (
    attempt_id bigint NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    data_type text NOT NULL,
    provider text NOT NULL,
    endpoint text NOT NULL,
    symbols text[] NOT NULL,
    outcome text NOT NULL,
    http_status smallint,
    response_time_ms real NOT NULL,
    records integer DEFAULT 0 NOT NULL,
    rejected integer DEFAULT 0 NOT NULL,
    retry_after_seconds real,
    error_message text,
    sample text,
    attempt_key uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT fetch_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'rate_limited'::text, 'unavailable'::text, 'malformed'::text, 'authentication'::text, 'not_entitled'::text, 'unknown_symbol'::text, 'no_data'::text])))
);

COMMENT ON TABLE public.fetch_attempts IS 'One row per call to a vendor: what was asked, how long it took, what came of it.';

COMMENT ON COLUMN public.fetch_attempts.sample IS 'first characters of an answer that could not be read';

COMMENT ON COLUMN public.fetch_attempts.attempt_key IS 'tells an attempt from all others, also before it is written';

CREATE VIEW public.enrichment_fetch_log AS
 SELECT attempt_id AS fetch_id,
    attempted_at AS fetched_at,
    data_type,
    symbols,
    provider AS source,
    endpoint,
    (public.attempt_kind(outcome) = 'success'::text) AS success,
    outcome,
    records AS records_fetched,
    rejected AS records_rejected,
    response_time_ms,
    http_status,
    error_message,
    run_id
   FROM public.fetch_attempts;

COMMENT ON VIEW public.enrichment_fetch_log IS 'Each call to a vendor: what it brought, how long it took, and whether the vendor worked. Narrow it by fetched_at.';

CREATE TABLE public.tracked_symbols (
    symbol text NOT NULL,
    name text,
    asset_class text DEFAULT 'stock'::text NOT NULL,
    exchange text,
    sector text,
    industry text,
    indices text[] DEFAULT '{}'::text[] NOT NULL,
    timeframes text[] DEFAULT '{1d}'::text[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tracked_since timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON TABLE public.tracked_symbols IS 'The universe: what is fetched while active; removing a symbol deactivates it and keeps its data.';

COMMENT ON COLUMN public.tracked_symbols.symbol IS 'canonical ticker: BRK.B, ^GSPC';

COMMENT ON COLUMN public.tracked_symbols.name IS 'name of the company or fund';

COMMENT ON COLUMN public.tracked_symbols.asset_class IS 'what kind of security it is: stock, etf, index, …';

COMMENT ON COLUMN public.tracked_symbols.exchange IS 'where it is listed, as whoever added it spells it';

COMMENT ON COLUMN public.tracked_symbols.sector IS 'sector, one of eleven: Technology, Healthcare, Financial Services, …';

COMMENT ON COLUMN public.tracked_symbols.industry IS 'industry within the sector';

COMMENT ON COLUMN public.tracked_symbols.indices IS 'names of the indices that it is in: S&P 500, Nasdaq 100, …';

COMMENT ON COLUMN public.tracked_symbols.timeframes IS 'bar lengths that are fetched for it: 1d, 1h';

COMMENT ON COLUMN public.tracked_symbols.active IS 'whether it is fetched; a symbol that was removed keeps its data';

COMMENT ON COLUMN public.tracked_symbols.added_at IS 'when its row was made';

COMMENT ON COLUMN public.tracked_symbols.updated_at IS 'when its row changed last';

COMMENT ON COLUMN public.tracked_symbols.tracked_since IS 'when it was added, added again after a removal, or given further bar lengths; in the order of commits';

CREATE VIEW public.expected_freshness AS
 SELECT kind.data_type,
    tracked.symbol,
    ''::text AS timeframe
   FROM (public.data_types kind
     CROSS JOIN public.tracked_symbols tracked)
  WHERE (kind.per_symbol AND (kind.timeframes = '{}'::text[]) AND tracked.active)
UNION ALL
 SELECT kind.data_type,
    tracked.symbol,
    bar.length AS timeframe
   FROM ((public.data_types kind
     CROSS JOIN public.tracked_symbols tracked)
     CROSS JOIN LATERAL unnest(tracked.timeframes) bar(length))
  WHERE (kind.per_symbol AND (bar.length = ANY (kind.timeframes)) AND tracked.active)
UNION ALL
 SELECT kind.data_type,
    unnest(kind.subjects) AS symbol,
    ''::text AS timeframe
   FROM public.data_types kind
  WHERE (NOT kind.per_symbol);

COMMENT ON VIEW public.expected_freshness IS 'What has to be fresh: each data type for each active symbol and the bar lengths it keeps, or the whole market, or indices.';

CREATE TABLE public.failed_symbols (
    data_type text NOT NULL,
    symbol text NOT NULL,
    partition_key text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    first_failed_at timestamp with time zone NOT NULL,
    last_failed_at timestamp with time zone NOT NULL,
    next_retry_at timestamp with time zone,
    errors jsonb NOT NULL,
    run_id text NOT NULL,
    timeframe text DEFAULT ''::text NOT NULL,
    CONSTRAINT failed_symbols_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'exhausted'::text, 'unknown'::text, 'expired'::text])))
);

COMMENT ON TABLE public.failed_symbols IS 'Symbols that no vendor answered for: retried after 5, 15 and 60 minutes, then exhausted; cleared by success.';

COMMENT ON COLUMN public.failed_symbols.state IS 'waiting for next_retry_at, exhausted after the last retry, unknown to every vendor (not retried), expired with its session';

COMMENT ON COLUMN public.failed_symbols.attempts IS 'failures that counted: one before next_retry_at, or without anybody asked, does not';

COMMENT ON COLUMN public.failed_symbols.errors IS 'last error by vendor: {"finnhub": "unavailable: HTTP 503"}';

COMMENT ON COLUMN public.failed_symbols.timeframe IS 'length of the bars, '''' for data types without';

CREATE TABLE public.feature_computation_failures (
    failure_id bigint NOT NULL,
    symbol text NOT NULL,
    timeframe text NOT NULL,
    error_message text NOT NULL,
    execution_id uuid,
    retry_count integer DEFAULT 0 NOT NULL,
    resolved boolean DEFAULT false NOT NULL,
    failed_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.feature_computation_failures IS 'Features that could not be computed: one open row per symbol and timeframe, resolved by success.';

COMMENT ON COLUMN public.feature_computation_failures.execution_id IS 'the last execution that failed; null once the log of it is trimmed';

COMMENT ON COLUMN public.feature_computation_failures.retry_count IS 'how often it failed again since it first did';

COMMENT ON COLUMN public.feature_computation_failures.failed_at IS 'when it failed last';

ALTER TABLE public.feature_computation_failures ALTER COLUMN failure_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.feature_computation_failures_failure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.feature_freshness AS
 SELECT symbol,
    timeframe,
    last_computed_at,
    data_point_count,
    status,
    staleness_seconds,
    updated_at
   FROM public.current_freshness
  WHERE (data_type = 'price_features'::text);

COMMENT ON VIEW public.feature_freshness IS 'How fresh the features of each active symbol and bar length are now.';

ALTER TABLE public.fetch_attempts ALTER COLUMN attempt_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.fetch_attempts_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.provider_stats (
    provider text NOT NULL,
    data_type text NOT NULL,
    total_attempts bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    rate_limited bigint DEFAULT 0 NOT NULL,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    total_response_time_ms double precision DEFAULT 0 NOT NULL,
    records bigint DEFAULT 0 NOT NULL,
    last_attempt_at timestamp with time zone,
    last_success_at timestamp with time zone,
    last_failure_at timestamp with time zone,
    last_error text,
    recent_calls numeric(16,6) DEFAULT 0 NOT NULL,
    recent_successes numeric(16,6) DEFAULT 0 NOT NULL,
    recent_response_ms numeric(16,6) DEFAULT 0 NOT NULL,
    ranked_reliability double precision,
    ranked_response_ms double precision
);

COMMENT ON TABLE public.provider_stats IS 'Running totals of fetch_attempts per vendor and data type; an unknown symbol or no data is no failure.';

COMMENT ON COLUMN public.provider_stats.recent_calls IS 'calls as of last_attempt_at; each call and each day without one makes earlier ones count less';

COMMENT ON COLUMN public.provider_stats.recent_successes IS 'those of recent_calls that were answered';

COMMENT ON COLUMN public.provider_stats.recent_response_ms IS 'time that recent_calls took together';

COMMENT ON COLUMN public.provider_stats.ranked_reliability IS 'the reliability by which it was last ordered: kept until it has moved clearly';

COMMENT ON COLUMN public.provider_stats.ranked_response_ms IS 'the time until a good answer by which it was last ordered: kept until it has moved clearly';

CREATE VIEW public.fetch_tracking_summary AS
 WITH counted AS (
         SELECT attempt_counts_within.data_type,
            attempt_counts_within.provider,
            (sum(attempt_counts_within.calls))::bigint AS total_attempts,
            (COALESCE(sum(attempt_counts_within.calls) FILTER (WHERE (public.attempt_kind(attempt_counts_within.outcome) = 'success'::text)), (0)::numeric))::bigint AS successes,
            (COALESCE(sum(attempt_counts_within.calls) FILTER (WHERE (public.attempt_kind(attempt_counts_within.outcome) = 'rate_limited'::text)), (0)::numeric))::bigint AS rate_limited,
            (sum(attempt_counts_within.response_ms) / (sum(attempt_counts_within.calls))::double precision) AS avg_response_time_ms,
            (sum(attempt_counts_within.records))::bigint AS records
           FROM public.attempt_counts_within('1 day'::interval) attempt_counts_within(period, starts_at, provider, data_type, outcome, calls, response_ms, records)
          GROUP BY attempt_counts_within.data_type, attempt_counts_within.provider
        )
 SELECT counted.data_type,
    counted.provider,
    counted.total_attempts,
    counted.successes,
    ((counted.total_attempts - counted.successes) - counted.rate_limited) AS failures,
    counted.rate_limited,
    (((100.0 * (counted.successes)::numeric) / (NULLIF((counted.total_attempts - counted.rate_limited), 0))::numeric))::double precision AS success_rate,
    counted.avg_response_time_ms,
    counted.records,
    stats.last_attempt_at,
    stats.last_success_at,
    stats.last_error
   FROM (counted
     LEFT JOIN public.provider_stats stats USING (data_type, provider));

COMMENT ON VIEW public.fetch_tracking_summary IS 'The fetches of the last day (to the hour) by data type and vendor. success_rate is in percent and leaves rate-limited calls out.';

CREATE VIEW public.freshness_summary AS
 SELECT data_type,
    count(*) FILTER (WHERE (fresh_until > now())) AS fresh_count,
    count(*) FILTER (WHERE ((fresh_until <= now()) AND (stale_at > now()))) AS aging_count,
    count(*) FILTER (WHERE (stale_at <= now())) AS stale_count,
    count(*) FILTER (WHERE (fresh_until IS NULL)) AS missing_count,
    count(*) AS total_monitored,
    max(last_computed_at) AS last_computed_at
   FROM public.data_freshness
  GROUP BY data_type;

COMMENT ON VIEW public.freshness_summary IS 'How much of each data type is fresh, aging, stale and missing now.';

CREATE TABLE public.fundamentals (
    symbol text NOT NULL,
    statement text NOT NULL,
    period_type text NOT NULL,
    period_end date NOT NULL,
    fiscal_year bigint,
    fiscal_period text,
    filed_on date,
    currency text,
    revenue numeric,
    cost_of_revenue numeric,
    gross_profit numeric,
    research_and_development numeric,
    operating_expenses numeric,
    operating_income numeric,
    ebitda numeric,
    interest_expense numeric,
    pretax_income numeric,
    income_tax numeric,
    net_income numeric,
    eps_basic numeric,
    eps_diluted numeric,
    shares_diluted numeric,
    total_assets numeric,
    current_assets numeric,
    cash numeric,
    inventory numeric,
    receivables numeric,
    total_liabilities numeric,
    current_liabilities numeric,
    long_term_debt numeric,
    total_debt numeric,
    total_equity numeric,
    retained_earnings numeric,
    shares_outstanding numeric,
    operating_cash_flow numeric,
    capital_expenditure numeric,
    free_cash_flow numeric,
    investing_cash_flow numeric,
    financing_cash_flow numeric,
    depreciation_and_amortization numeric,
    dividends_paid numeric,
    share_repurchases numeric,
    market_cap numeric,
    enterprise_value numeric,
    pe_ratio numeric,
    forward_pe numeric,
    peg_ratio numeric,
    price_to_book numeric,
    price_to_sales numeric,
    ev_to_ebitda numeric,
    dividend_yield numeric,
    payout_ratio numeric,
    beta numeric,
    gross_margin numeric,
    operating_margin numeric,
    profit_margin numeric,
    return_on_equity numeric,
    return_on_assets numeric,
    debt_to_equity numeric,
    current_ratio numeric,
    eps_ttm numeric,
    book_value_per_share numeric,
    week_52_high numeric,
    week_52_low numeric,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.fundamentals IS 'Figures of one statement (income, balance, cash flow) or a snapshot of ratios (metrics) for one period.';

COMMENT ON COLUMN public.fundamentals.statement IS 'income, balance, cash_flow or metrics (ratios and market figures)';

COMMENT ON COLUMN public.fundamentals.period_type IS 'quarter, year, ttm (trailing twelve months) or instant';

COMMENT ON COLUMN public.fundamentals.period_end IS 'last day of the period; the day of the snapshot for an instant (date)';

COMMENT ON COLUMN public.fundamentals.fiscal_year IS 'fiscal year as the company counts it';

COMMENT ON COLUMN public.fundamentals.fiscal_period IS 'fiscal period label';

COMMENT ON COLUMN public.fundamentals.filed_on IS 'day of the filing or of the report (date)';

COMMENT ON COLUMN public.fundamentals.currency IS 'currency of the row (ISO 4217)';

COMMENT ON COLUMN public.fundamentals.revenue IS 'net sales (currency)';

COMMENT ON COLUMN public.fundamentals.cost_of_revenue IS 'cost of goods and services sold (currency)';

COMMENT ON COLUMN public.fundamentals.gross_profit IS 'revenue less cost of revenue (currency)';

COMMENT ON COLUMN public.fundamentals.research_and_development IS 'research and development expense (currency)';

COMMENT ON COLUMN public.fundamentals.operating_expenses IS 'operating expenses (currency)';

COMMENT ON COLUMN public.fundamentals.operating_income IS 'income from operations (currency)';

COMMENT ON COLUMN public.fundamentals.ebitda IS 'earnings before interest, taxes, depreciation and amortisation (currency)';

COMMENT ON COLUMN public.fundamentals.interest_expense IS 'interest paid on debt (currency)';

COMMENT ON COLUMN public.fundamentals.pretax_income IS 'income before income taxes (currency)';

COMMENT ON COLUMN public.fundamentals.income_tax IS 'income tax expense (currency)';

COMMENT ON COLUMN public.fundamentals.net_income IS 'income attributable to shareholders (currency)';

COMMENT ON COLUMN public.fundamentals.eps_basic IS 'net income per basic share (currency per share)';

COMMENT ON COLUMN public.fundamentals.eps_diluted IS 'net income per diluted share (currency per share)';

COMMENT ON COLUMN public.fundamentals.shares_diluted IS 'weighted average diluted shares (shares)';

COMMENT ON COLUMN public.fundamentals.total_assets IS 'assets (currency)';

COMMENT ON COLUMN public.fundamentals.current_assets IS 'assets due within a year (currency)';

COMMENT ON COLUMN public.fundamentals.cash IS 'cash and cash equivalents (currency)';

COMMENT ON COLUMN public.fundamentals.inventory IS 'inventories (currency)';

COMMENT ON COLUMN public.fundamentals.receivables IS 'net receivables (currency)';

COMMENT ON COLUMN public.fundamentals.total_liabilities IS 'liabilities (currency)';

COMMENT ON COLUMN public.fundamentals.current_liabilities IS 'liabilities due within a year (currency)';

COMMENT ON COLUMN public.fundamentals.long_term_debt IS 'debt due after a year (currency)';

COMMENT ON COLUMN public.fundamentals.total_debt IS 'all interest-bearing debt (currency)';

COMMENT ON COLUMN public.fundamentals.total_equity IS 'shareholders'' equity (currency)';

COMMENT ON COLUMN public.fundamentals.retained_earnings IS 'retained earnings (currency)';

COMMENT ON COLUMN public.fundamentals.shares_outstanding IS 'shares outstanding (shares)';

COMMENT ON COLUMN public.fundamentals.operating_cash_flow IS 'cash from operations (currency)';

COMMENT ON COLUMN public.fundamentals.capital_expenditure IS 'spent on fixed assets, as a positive number (currency)';

COMMENT ON COLUMN public.fundamentals.free_cash_flow IS 'operating cash flow less capital expenditure (currency)';

COMMENT ON COLUMN public.fundamentals.investing_cash_flow IS 'cash from investing (currency)';

COMMENT ON COLUMN public.fundamentals.financing_cash_flow IS 'cash from financing (currency)';

COMMENT ON COLUMN public.fundamentals.depreciation_and_amortization IS 'depreciation and amortisation (currency)';

COMMENT ON COLUMN public.fundamentals.dividends_paid IS 'paid to shareholders, as a positive number (currency)';

COMMENT ON COLUMN public.fundamentals.share_repurchases IS 'spent on own shares, as a positive number (currency)';

COMMENT ON COLUMN public.fundamentals.market_cap IS 'market capitalisation (currency)';

COMMENT ON COLUMN public.fundamentals.enterprise_value IS 'market capitalisation plus net debt (currency)';

COMMENT ON COLUMN public.fundamentals.pe_ratio IS 'price over trailing earnings per share (ratio)';

COMMENT ON COLUMN public.fundamentals.forward_pe IS 'price over expected earnings per share (ratio)';

COMMENT ON COLUMN public.fundamentals.peg_ratio IS 'price-earnings ratio over earnings growth (ratio)';

COMMENT ON COLUMN public.fundamentals.price_to_book IS 'price over book value per share (ratio)';

COMMENT ON COLUMN public.fundamentals.price_to_sales IS 'price over trailing sales per share (ratio)';

COMMENT ON COLUMN public.fundamentals.ev_to_ebitda IS 'enterprise value over EBITDA (ratio)';

COMMENT ON COLUMN public.fundamentals.dividend_yield IS 'yearly dividend over price; 0.02 is 2 per cent (fraction)';

COMMENT ON COLUMN public.fundamentals.payout_ratio IS 'dividends over earnings (fraction)';

COMMENT ON COLUMN public.fundamentals.beta IS 'sensitivity to the market (ratio)';

COMMENT ON COLUMN public.fundamentals.gross_margin IS 'gross profit over revenue (fraction)';

COMMENT ON COLUMN public.fundamentals.operating_margin IS 'operating income over revenue (fraction)';

COMMENT ON COLUMN public.fundamentals.profit_margin IS 'net income over revenue (fraction)';

COMMENT ON COLUMN public.fundamentals.return_on_equity IS 'net income over equity (fraction)';

COMMENT ON COLUMN public.fundamentals.return_on_assets IS 'net income over assets (fraction)';

COMMENT ON COLUMN public.fundamentals.debt_to_equity IS 'debt over equity; 1.5 is one and a half times (ratio)';

COMMENT ON COLUMN public.fundamentals.current_ratio IS 'current assets over current liabilities (ratio)';

COMMENT ON COLUMN public.fundamentals.eps_ttm IS 'earnings per share of the last four quarters (currency per share)';

COMMENT ON COLUMN public.fundamentals.book_value_per_share IS 'equity per share (currency per share)';

COMMENT ON COLUMN public.fundamentals.week_52_high IS 'highest price of the last 52 weeks (currency per share)';

COMMENT ON COLUMN public.fundamentals.week_52_low IS 'lowest price of the last 52 weeks (currency per share)';

CREATE TABLE public.historical_prices (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    bar_start timestamp with time zone NOT NULL,
    session date NOT NULL,
    adjustment text NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    adjusted_close numeric,
    volume numeric,
    vwap numeric,
    trades bigint,
    dividend numeric,
    split_factor numeric,
    currency text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    series_provider text NOT NULL,
    mixed boolean GENERATED ALWAYS AS ((provider <> series_provider)) STORED
);

COMMENT ON TABLE public.historical_prices IS 'Open, high, low, close and volume of one bar, with what its prices are adjusted for.';

COMMENT ON COLUMN public.historical_prices.timeframe IS 'length of the bar: 1d or 1h';

COMMENT ON COLUMN public.historical_prices.bar_start IS 'start of the bar; a daily bar starts at midnight of the exchange (UTC)';

COMMENT ON COLUMN public.historical_prices.session IS 'trading day of the bar (exchange-local date)';

COMMENT ON COLUMN public.historical_prices.adjustment IS 'what the prices are adjusted for: raw, split or split_dividend';

COMMENT ON COLUMN public.historical_prices.open IS 'first trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.high IS 'highest trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.low IS 'lowest trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.close IS 'last trade (currency per share)';

COMMENT ON COLUMN public.historical_prices.adjusted_close IS 'close adjusted for splits and dividends (currency per share)';

COMMENT ON COLUMN public.historical_prices.volume IS 'shares traded; fractional where the vendor adjusts it (shares)';

COMMENT ON COLUMN public.historical_prices.vwap IS 'volume-weighted average price (currency per share)';

COMMENT ON COLUMN public.historical_prices.trades IS 'number of trades';

COMMENT ON COLUMN public.historical_prices.dividend IS 'cash dividend with this ex-date (currency per share)';

COMMENT ON COLUMN public.historical_prices.split_factor IS 'new shares per old share on this day; 1 on an ordinary day (ratio)';

COMMENT ON COLUMN public.historical_prices.currency IS 'currency of every price in the row (ISO 4217)';

COMMENT ON COLUMN public.historical_prices.series_provider IS 'the vendor that the symbol''s series belongs to';

COMMENT ON COLUMN public.historical_prices.mixed IS 'whether the bar is from another vendor than its series';

CREATE TABLE public.index_changes (
    symbol text NOT NULL,
    member text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    change text NOT NULL,
    run_id text NOT NULL,
    CONSTRAINT index_changes_change_check CHECK ((change = ANY (ARRAY['added'::text, 'removed'::text])))
);

COMMENT ON TABLE public.index_changes IS 'Members that came into an index or left it, when a list first said so.';

COMMENT ON COLUMN public.index_changes.symbol IS 'canonical ticker of the index';

COMMENT ON COLUMN public.index_changes.seen_at IS 'when the list was fetched; the change itself may be some days older';

CREATE TABLE public.index_constituents (
    symbol text NOT NULL,
    index_name text NOT NULL,
    member text NOT NULL,
    name text,
    sector text,
    industry text,
    added_on date,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    first_seen_at timestamp with time zone,
    last_seen_at timestamp with time zone,
    removed_at timestamp with time zone
);

COMMENT ON TABLE public.index_constituents IS 'A member of an index.  One that a later list leaves out stays, with the time at which it did.';

COMMENT ON COLUMN public.index_constituents.symbol IS 'canonical ticker of the index: ^GSPC, ^NDX or ^DJI';

COMMENT ON COLUMN public.index_constituents.index_name IS 'name of the index: S&P 500, Nasdaq 100 or Dow Jones; follows from its symbol';

COMMENT ON COLUMN public.index_constituents.member IS 'canonical ticker of the share that is in the index';

COMMENT ON COLUMN public.index_constituents.name IS 'name of the company';

COMMENT ON COLUMN public.index_constituents.sector IS 'sector, one of eleven: Technology, Healthcare, Financial Services, …';

COMMENT ON COLUMN public.index_constituents.industry IS 'industry as the vendor spells it';

COMMENT ON COLUMN public.index_constituents.added_on IS 'first day in the index, where the vendor says so (date)';

COMMENT ON COLUMN public.index_constituents.first_seen_at IS 'first complete list that had it; null while no list that has it was complete';

COMMENT ON COLUMN public.index_constituents.last_seen_at IS 'latest complete list that had it';

COMMENT ON COLUMN public.index_constituents.removed_at IS 'first complete list that had it no longer; null for a member of today';

CREATE TABLE public.news (
    symbol text NOT NULL,
    article_id text NOT NULL,
    published_at timestamp with time zone NOT NULL,
    title text NOT NULL,
    url text NOT NULL,
    summary text,
    source text,
    author text,
    related_symbols text[] NOT NULL,
    sentiment numeric,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.news IS 'An article about a symbol.  Text is as the vendor sent it: escape it before showing it.';

COMMENT ON COLUMN public.news.article_id IS 'identity of the article, derived from its address without tracking parameters';

COMMENT ON COLUMN public.news.published_at IS 'when it was published (UTC)';

COMMENT ON COLUMN public.news.title IS 'headline';

COMMENT ON COLUMN public.news.url IS 'address of the article';

COMMENT ON COLUMN public.news.summary IS 'first lines or abstract';

COMMENT ON COLUMN public.news.source IS 'publisher';

COMMENT ON COLUMN public.news.author IS 'author or authors';

COMMENT ON COLUMN public.news.related_symbols IS 'other tickers that the vendor links to the article';

COMMENT ON COLUMN public.news.sentiment IS '-1 bearish to 1 bullish (score)';

CREATE TABLE public.options_chain (
    symbol text NOT NULL,
    contract_symbol text NOT NULL,
    session date NOT NULL,
    expiration date NOT NULL,
    option_type text NOT NULL,
    strike numeric NOT NULL,
    bid numeric,
    ask numeric,
    last_price numeric,
    last_trade_at timestamp with time zone,
    volume bigint,
    open_interest bigint,
    implied_volatility numeric,
    delta numeric,
    gamma numeric,
    theta numeric,
    vega numeric,
    rho numeric,
    in_the_money boolean,
    underlying_price numeric,
    currency text,
    as_of timestamp with time zone,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.options_chain IS 'One listed option as it stood when the chain was read.  `symbol` is the underlying.';

COMMENT ON COLUMN public.options_chain.contract_symbol IS 'OCC symbol without padding: AAPL261218C00200000';

COMMENT ON COLUMN public.options_chain.session IS 'trading day of the snapshot (exchange-local date)';

COMMENT ON COLUMN public.options_chain.expiration IS 'last day of the contract (exchange-local date)';

COMMENT ON COLUMN public.options_chain.option_type IS 'call or put';

COMMENT ON COLUMN public.options_chain.strike IS 'exercise price (currency per share)';

COMMENT ON COLUMN public.options_chain.bid IS 'best bid (currency per share)';

COMMENT ON COLUMN public.options_chain.ask IS 'best offer (currency per share)';

COMMENT ON COLUMN public.options_chain.last_price IS 'last trade (currency per share)';

COMMENT ON COLUMN public.options_chain.last_trade_at IS 'time of the last trade (UTC)';

COMMENT ON COLUMN public.options_chain.volume IS 'contracts traded in the session (contracts)';

COMMENT ON COLUMN public.options_chain.open_interest IS 'contracts outstanding (contracts)';

COMMENT ON COLUMN public.options_chain.implied_volatility IS 'annualised; 0.25 is 25 per cent (fraction)';

COMMENT ON COLUMN public.options_chain.delta IS 'change of the option''s price per unit of the underlying''s';

COMMENT ON COLUMN public.options_chain.gamma IS 'change of delta per unit of the underlying''s price';

COMMENT ON COLUMN public.options_chain.theta IS 'change of the option''s price per calendar day (currency per day)';

COMMENT ON COLUMN public.options_chain.vega IS 'change of the option''s price per percentage point of volatility (currency)';

COMMENT ON COLUMN public.options_chain.rho IS 'change of the option''s price per percentage point of interest rate (currency)';

COMMENT ON COLUMN public.options_chain.in_the_money IS 'whether exercising at the underlying''s price would pay';

COMMENT ON COLUMN public.options_chain.underlying_price IS 'the underlying at the time of the snapshot (currency per share)';

COMMENT ON COLUMN public.options_chain.currency IS 'currency of every price in the row (ISO 4217)';

CREATE VIEW public.price_bars AS
 SELECT DISTINCT ON (symbol, timeframe, bar_start) symbol,
    timeframe,
    bar_start,
    session,
    adjustment,
    open,
    high,
    low,
    close,
    volume,
    currency,
    provider,
    fetched_at
   FROM public.historical_prices
  WHERE (adjustment <> 'split_dividend'::text)
  ORDER BY symbol, timeframe, bar_start, mixed, adjustment DESC;

COMMENT ON VIEW public.price_bars IS 'The bars that are calculated with: one for each moment of a series.';

CREATE TABLE public.price_features (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    bar_start timestamp with time zone NOT NULL,
    session date NOT NULL,
    close double precision NOT NULL,
    simple_return double precision,
    log_return double precision,
    volatility_20 double precision,
    sma_20 double precision,
    sma_50 double precision,
    sma_200 double precision,
    ema_12 double precision,
    ema_26 double precision,
    rsi_14 double precision,
    macd double precision,
    macd_signal double precision,
    macd_histogram double precision,
    atr_14 double precision,
    volume_ratio_20 double precision,
    split_basis double precision NOT NULL,
    providers text[] NOT NULL,
    bar_fetched_at timestamp with time zone NOT NULL,
    computed_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.price_features IS 'Returns, volatility, moving averages and indicators of one bar, of prices adjusted for splits.';

COMMENT ON COLUMN public.price_features.timeframe IS 'length of the bar: 1d or 1h';

COMMENT ON COLUMN public.price_features.bar_start IS 'start of the bar; a daily bar starts at midnight of the exchange (UTC)';

COMMENT ON COLUMN public.price_features.session IS 'trading day of the bar (exchange-local date)';

COMMENT ON COLUMN public.price_features.close IS 'last trade, per share after all splits that are known (currency per share)';

COMMENT ON COLUMN public.price_features.simple_return IS 'close over the close of the bar before, less 1 (fraction)';

COMMENT ON COLUMN public.price_features.log_return IS 'natural logarithm of close over the close of the bar before';

COMMENT ON COLUMN public.price_features.volatility_20 IS 'standard deviation of the last 20 log returns, annualised (fraction)';

COMMENT ON COLUMN public.price_features.sma_20 IS 'mean of the last 20 closes (currency per share)';

COMMENT ON COLUMN public.price_features.sma_50 IS 'mean of the last 50 closes (currency per share)';

COMMENT ON COLUMN public.price_features.sma_200 IS 'mean of the last 200 closes (currency per share)';

COMMENT ON COLUMN public.price_features.ema_12 IS 'exponential moving average over 12 bars (currency per share)';

COMMENT ON COLUMN public.price_features.ema_26 IS 'exponential moving average over 26 bars (currency per share)';

COMMENT ON COLUMN public.price_features.rsi_14 IS 'Wilder''s relative strength index over 14 bars (0 to 100)';

COMMENT ON COLUMN public.price_features.macd IS 'exponential moving average over 12 bars less that over 26 (currency per share)';

COMMENT ON COLUMN public.price_features.macd_signal IS 'exponential moving average of macd over 9 bars (currency per share)';

COMMENT ON COLUMN public.price_features.macd_histogram IS 'macd less macd_signal (currency per share)';

COMMENT ON COLUMN public.price_features.atr_14 IS 'Wilder''s average true range over 14 bars (currency per share)';

COMMENT ON COLUMN public.price_features.volume_ratio_20 IS 'volume over the mean volume of the 20 bars before (ratio)';

COMMENT ON COLUMN public.price_features.split_basis IS 'product of the splits that were known; another one, and all is computed anew (ratio)';

COMMENT ON COLUMN public.price_features.providers IS 'vendors of the bars that were read for it';

COMMENT ON COLUMN public.price_features.bar_fetched_at IS 'fetched_at of its bar; a newer one, and it is computed anew (UTC)';

COMMENT ON COLUMN public.price_features.computed_at IS 'when it was computed (UTC)';

CREATE TABLE public.price_series (
    symbol text NOT NULL,
    timeframe text NOT NULL,
    provider text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.price_series IS 'The vendor each price series belongs to: asked first, so that a series is no silent mix.';

CREATE TABLE public.provider_events (
    event_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    provider text NOT NULL,
    scope text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    reason text NOT NULL
);

COMMENT ON TABLE public.provider_events IS 'Every change of a gate''s state: why was a vendor off at 10:31?';

COMMENT ON COLUMN public.provider_events.scope IS 'data type and endpoint, '''' for the whole vendor';

ALTER TABLE public.provider_events ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.provider_events_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.provider_leases (
    provider text NOT NULL,
    holder text NOT NULL,
    slots integer NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    units integer DEFAULT 0 NOT NULL,
    CONSTRAINT provider_leases_slots_check CHECK ((slots >= 0)),
    CONSTRAINT provider_leases_units_check CHECK ((units >= 0))
)
WITH (fillfactor='20');

COMMENT ON TABLE public.provider_leases IS 'What each process holds of a vendor; what a killed one held comes back by expiry.';

COMMENT ON COLUMN public.provider_leases.slots IS 'calls that it may have in flight at once';

COMMENT ON COLUMN public.provider_leases.units IS 'units of its calls that are under way or may be made without asking again';

CREATE VIEW public.provider_limits AS
 SELECT spending.provider,
    spending.seconds,
    public.gate_allowed(spending.*, gate.*, now()) AS units_allowed,
    GREATEST(0, ((public.gate_allowed(spending.*, gate.*, now()) - (public.gate_seen_at(spending.*, now())).used) - held.units)) AS units_left
   FROM ((public.provider_windows spending
     JOIN public.provider_gates gate USING (provider))
     CROSS JOIN LATERAL ( SELECT (COALESCE(sum(lease.units), (0)::bigint))::integer AS units
           FROM public.provider_leases lease
          WHERE ((lease.provider = spending.provider) AND (lease.expires_at > now()))) held);

COMMENT ON VIEW public.provider_limits IS 'Each limit of each vendor''s plan (seconds from 86400 on: by UTC day or month): units it allows in the window, and left now.';

CREATE TABLE public.provider_rotation (
    data_type text NOT NULL,
    turn bigint NOT NULL
);

COMMENT ON TABLE public.provider_rotation IS 'Whose turn it is with the strategy ROUND_ROBIN: every fetch, of whatever process, moves on by one vendor.';

CREATE VIEW public.provider_status AS
 SELECT gate.provider AS name,
    breaker.scope,
        CASE
            WHEN (gate.away_until > now()) THEN gate.state
            WHEN ((breaker.state = ANY (ARRAY['open'::text, 'cooldown'::text, 'not_entitled'::text])) AND (breaker.away_until <= now())) THEN 'half_open'::text
            ELSE COALESCE(breaker.state, 'closed'::text)
        END AS state,
        CASE
            WHEN (gate.away_until > now()) THEN gate.reason
            ELSE breaker.reason
        END AS reason,
        CASE
            WHEN (gate.away_until > now()) THEN gate.away_until
            ELSE breaker.away_until
        END AS away_until,
    COALESCE(breaker.failure_count, (0)::bigint) AS failure_count,
    COALESCE(breaker.success_count, (0)::bigint) AS success_count,
    COALESCE(((breaker.failure_count)::double precision / (NULLIF((breaker.failure_count + breaker.success_count), 0))::double precision), (0)::double precision) AS failure_rate,
    breaker.last_failure_at AS last_failure_time,
    breaker.opened_at,
    held.slots AS active_count,
    GREATEST(0, (gate.slots - held.slots)) AS available_slots,
    gate.rejected_count,
    public.gate_share(gate.share, gate.slowed_at, now()) AS rate_share,
    room.tokens_left,
    room.quota_left
   FROM (((public.provider_gates gate
     LEFT JOIN public.provider_scopes breaker USING (provider))
     CROSS JOIN LATERAL ( SELECT (COALESCE(sum(lease.slots), (0)::bigint))::integer AS slots
           FROM public.provider_leases lease
          WHERE ((lease.provider = gate.provider) AND (lease.expires_at > now()))) held)
     CROSS JOIN LATERAL ( SELECT min(one.units_left) FILTER (WHERE (one.seconds < (86400)::double precision)) AS tokens_left,
            min(one.units_left) FILTER (WHERE (one.seconds >= (86400)::double precision)) AS quota_left
           FROM public.provider_limits one
          WHERE (one.provider = gate.provider)) room);

COMMENT ON VIEW public.provider_status IS 'Each vendor''s gate, a row per endpoint that was called (scope null before): state, counts, slots, units left now.';

CREATE TABLE public.rejected_records (
    provider text NOT NULL,
    data_type text NOT NULL,
    payload_hash text NOT NULL,
    reason text NOT NULL,
    payload jsonb NOT NULL,
    run_id text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    times_seen bigint DEFAULT 1 NOT NULL
);

COMMENT ON TABLE public.rejected_records IS 'Quarantine: rows that are no valid records, as parsed, with the reason.';

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.schema_migrations IS 'The migrations applied to this database.';

CREATE TABLE public.schema_objects (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.schema_objects IS 'The functions and views of this database, as last created or replaced.';

CREATE TABLE public.stock_quotes (
    symbol text NOT NULL,
    session date NOT NULL,
    price numeric NOT NULL,
    bid numeric,
    ask numeric,
    bid_size bigint,
    ask_size bigint,
    open numeric,
    high numeric,
    low numeric,
    previous_close numeric,
    change numeric,
    change_percent numeric,
    volume bigint,
    currency text,
    market_state text,
    as_of timestamp with time zone NOT NULL,
    flags text[] NOT NULL,
    provider text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    run_id text NOT NULL
);

COMMENT ON TABLE public.stock_quotes IS 'The last trade of a share and the day around it, at the time the vendor states.';

COMMENT ON COLUMN public.stock_quotes.session IS 'trading day of the quote (exchange-local date)';

COMMENT ON COLUMN public.stock_quotes.price IS 'last trade (currency per share)';

COMMENT ON COLUMN public.stock_quotes.bid IS 'best bid; 0 where nobody bids (currency per share)';

COMMENT ON COLUMN public.stock_quotes.ask IS 'best offer; 0 where nobody offers (currency per share)';

COMMENT ON COLUMN public.stock_quotes.bid_size IS 'shares bid for (shares)';

COMMENT ON COLUMN public.stock_quotes.ask_size IS 'shares offered (shares)';

COMMENT ON COLUMN public.stock_quotes.open IS 'first trade of the session (currency per share)';

COMMENT ON COLUMN public.stock_quotes.high IS 'highest trade of the session (currency per share)';

COMMENT ON COLUMN public.stock_quotes.low IS 'lowest trade of the session (currency per share)';

COMMENT ON COLUMN public.stock_quotes.previous_close IS 'close of the session before (currency per share)';

COMMENT ON COLUMN public.stock_quotes.change IS 'price less previous close (currency per share)';

COMMENT ON COLUMN public.stock_quotes.change_percent IS 'change over previous close; 1.5 is one and a half per cent (percent)';

COMMENT ON COLUMN public.stock_quotes.volume IS 'shares traded in the session so far (shares)';

COMMENT ON COLUMN public.stock_quotes.currency IS 'currency of every price in the row (ISO 4217)';

COMMENT ON COLUMN public.stock_quotes.market_state IS 'what the exchange was doing: pre, regular, post or closed';

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (alert_id);

ALTER TABLE ONLY public.annual_returns
    ADD CONSTRAINT annual_returns_pkey PRIMARY KEY (symbol, year);

ALTER TABLE ONLY public.attempt_counts
    ADD CONSTRAINT attempt_counts_pkey PRIMARY KEY (period, starts_at, provider, data_type, outcome);

ALTER TABLE ONLY public.attempt_latencies
    ADD CONSTRAINT attempt_latencies_pkey PRIMARY KEY (period, starts_at, provider, data_type, bucket);

ALTER TABLE ONLY public.cache_usage
    ADD CONSTRAINT cache_usage_pkey PRIMARY KEY (data_type, day);

ALTER TABLE ONLY public.cached_answers
    ADD CONSTRAINT cached_answers_pkey PRIMARY KEY (data_type, symbol, timeframe, span);

ALTER TABLE ONLY public.company_info
    ADD CONSTRAINT company_info_pkey PRIMARY KEY (symbol);

ALTER TABLE ONLY public.dagster_freshness
    ADD CONSTRAINT dagster_freshness_pkey PRIMARY KEY (data_type);

ALTER TABLE ONLY public.data_freshness
    ADD CONSTRAINT data_freshness_pkey PRIMARY KEY (data_type, symbol, timeframe);

ALTER TABLE ONLY public.data_quality
    ADD CONSTRAINT data_quality_pkey PRIMARY KEY (data_type, symbol);

ALTER TABLE ONLY public.data_types
    ADD CONSTRAINT data_types_pkey PRIMARY KEY (data_type);

ALTER TABLE ONLY public.database_world
    ADD CONSTRAINT database_world_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.dividends
    ADD CONSTRAINT dividends_pkey PRIMARY KEY (symbol, ex_date);

ALTER TABLE ONLY public.earnings
    ADD CONSTRAINT earnings_pkey PRIMARY KEY (symbol, calendar_quarter);

ALTER TABLE ONLY public.economic_events
    ADD CONSTRAINT economic_events_pkey PRIMARY KEY (event_date, country, event);

ALTER TABLE ONLY public.failed_symbols
    ADD CONSTRAINT failed_symbols_pkey PRIMARY KEY (data_type, symbol, partition_key, timeframe);

ALTER TABLE ONLY public.feature_computation_failures
    ADD CONSTRAINT feature_computation_failures_pkey PRIMARY KEY (failure_id);

ALTER TABLE ONLY public.fetch_attempts
    ADD CONSTRAINT fetch_attempts_pkey PRIMARY KEY (attempt_id);

ALTER TABLE ONLY public.fundamentals
    ADD CONSTRAINT fundamentals_pkey PRIMARY KEY (symbol, statement, period_type, period_end);

ALTER TABLE ONLY public.historical_prices
    ADD CONSTRAINT historical_prices_pkey PRIMARY KEY (symbol, timeframe, adjustment, bar_start);

ALTER TABLE ONLY public.index_changes
    ADD CONSTRAINT index_changes_pkey PRIMARY KEY (symbol, member, seen_at);

ALTER TABLE ONLY public.index_constituents
    ADD CONSTRAINT index_constituents_pkey PRIMARY KEY (symbol, member);

ALTER TABLE ONLY public.news
    ADD CONSTRAINT news_pkey PRIMARY KEY (symbol, article_id);

ALTER TABLE ONLY public.options_chain
    ADD CONSTRAINT options_chain_pkey PRIMARY KEY (session, contract_symbol);

ALTER TABLE ONLY public.price_features
    ADD CONSTRAINT price_features_pkey PRIMARY KEY (symbol, timeframe, bar_start);

ALTER TABLE ONLY public.price_series
    ADD CONSTRAINT price_series_pkey PRIMARY KEY (symbol, timeframe);

ALTER TABLE ONLY public.provider_events
    ADD CONSTRAINT provider_events_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.provider_gates
    ADD CONSTRAINT provider_gates_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY public.provider_leases
    ADD CONSTRAINT provider_leases_pkey PRIMARY KEY (provider, holder);

ALTER TABLE ONLY public.provider_rotation
    ADD CONSTRAINT provider_rotation_pkey PRIMARY KEY (data_type);

ALTER TABLE ONLY public.provider_scopes
    ADD CONSTRAINT provider_scopes_pkey PRIMARY KEY (provider, scope);

ALTER TABLE ONLY public.provider_stats
    ADD CONSTRAINT provider_stats_pkey PRIMARY KEY (provider, data_type);

ALTER TABLE ONLY public.provider_windows
    ADD CONSTRAINT provider_windows_pkey PRIMARY KEY (provider, seconds);

ALTER TABLE ONLY public.rejected_records
    ADD CONSTRAINT rejected_records_pkey PRIMARY KEY (data_type, provider, payload_hash);

ALTER TABLE ONLY public.scheduler_execution_log
    ADD CONSTRAINT scheduler_execution_log_pkey PRIMARY KEY (execution_id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.schema_objects
    ADD CONSTRAINT schema_objects_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.stock_quotes
    ADD CONSTRAINT stock_quotes_pkey PRIMARY KEY (symbol, as_of);

ALTER TABLE ONLY public.symbol_computation_status
    ADD CONSTRAINT symbol_computation_status_pkey PRIMARY KEY (execution_id, symbol, timeframe);

ALTER TABLE ONLY public.tracked_symbols
    ADD CONSTRAINT tracked_symbols_pkey PRIMARY KEY (symbol);

CREATE INDEX alerts_by_time ON public.alerts USING btree (first_seen_at);

CREATE UNIQUE INDEX alerts_open ON public.alerts USING btree (name, subject) WHERE (closed_at IS NULL);

CREATE INDEX data_freshness_by_fresh_until ON public.data_freshness USING btree (fresh_until);

CREATE INDEX data_freshness_by_stale_at ON public.data_freshness USING btree (stale_at);

CREATE INDEX data_freshness_by_symbol ON public.data_freshness USING btree (symbol);

CREATE INDEX failed_symbols_due ON public.failed_symbols USING btree (data_type, next_retry_at) WHERE (state = 'waiting'::text);

CREATE INDEX feature_computation_failures_by_execution ON public.feature_computation_failures USING btree (execution_id);

CREATE INDEX feature_computation_failures_by_time ON public.feature_computation_failures USING btree (failed_at);

CREATE UNIQUE INDEX feature_computation_failures_open ON public.feature_computation_failures USING btree (symbol, timeframe) WHERE (NOT resolved);

CREATE INDEX fetch_attempts_by_provider ON public.fetch_attempts USING btree (provider, data_type, attempted_at);

CREATE INDEX fetch_attempts_by_run ON public.fetch_attempts USING btree (run_id);

CREATE INDEX fetch_attempts_by_time ON public.fetch_attempts USING btree (attempted_at);

CREATE INDEX historical_prices_before_split ON public.historical_prices USING btree (symbol, timeframe) WHERE ('before_split'::text = ANY (flags));

CREATE INDEX historical_prices_by_session ON public.historical_prices USING btree (session, timeframe);

CREATE INDEX historical_prices_splits ON public.historical_prices USING btree (symbol, session) WHERE (split_factor <> (1)::numeric);

CREATE INDEX index_changes_by_time ON public.index_changes USING btree (seen_at);

CREATE INDEX index_constituents_by_sector ON public.index_constituents USING btree (index_name, sector) WHERE (removed_at IS NULL);

CREATE INDEX news_by_time ON public.news USING btree (published_at);

CREATE INDEX options_chain_by_symbol ON public.options_chain USING btree (symbol, session);

CREATE INDEX price_features_by_session ON public.price_features USING btree (session);

CREATE INDEX provider_events_by_time ON public.provider_events USING btree (at);

CREATE INDEX rejected_records_by_symbol ON public.rejected_records USING btree (data_type, COALESCE((payload ->> 'symbol'::text), '*'::text));

CREATE INDEX rejected_records_by_time ON public.rejected_records USING btree (last_seen_at);

CREATE INDEX scheduler_execution_log_by_data_type ON public.scheduler_execution_log USING btree (data_type, started_at);

CREATE INDEX scheduler_execution_log_by_run ON public.scheduler_execution_log USING btree (run_id);

CREATE INDEX scheduler_execution_log_by_time ON public.scheduler_execution_log USING btree (started_at);

CREATE INDEX scheduler_execution_log_running ON public.scheduler_execution_log USING btree (run_id) WHERE (status = 'running'::text);

CREATE INDEX stock_quotes_by_session ON public.stock_quotes USING btree (session, symbol);

CREATE INDEX symbol_computation_status_by_symbol ON public.symbol_computation_status USING btree (symbol, started_at);

CREATE TRIGGER count_attempts AFTER INSERT ON public.fetch_attempts REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION public.count_attempts();

CREATE TRIGGER expect_freshness_of_changed AFTER UPDATE ON public.data_types REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.expect_freshness();

CREATE TRIGGER expect_freshness_of_changed AFTER UPDATE ON public.tracked_symbols REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.expect_freshness();

CREATE TRIGGER expect_freshness_of_gone AFTER DELETE ON public.data_types REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.expect_freshness();

CREATE TRIGGER expect_freshness_of_gone AFTER DELETE ON public.tracked_symbols REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.expect_freshness();

CREATE TRIGGER expect_freshness_of_new AFTER INSERT ON public.data_types REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.expect_freshness();

CREATE TRIGGER expect_freshness_of_new AFTER INSERT ON public.tracked_symbols REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.expect_freshness();

ALTER TABLE ONLY public.feature_computation_failures
    ADD CONSTRAINT feature_computation_failures_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES public.scheduler_execution_log(execution_id) ON DELETE SET NULL;

ALTER TABLE ONLY public.provider_leases
    ADD CONSTRAINT provider_leases_provider_fkey FOREIGN KEY (provider) REFERENCES public.provider_gates(provider) ON DELETE CASCADE;

ALTER TABLE ONLY public.provider_scopes
    ADD CONSTRAINT provider_scopes_provider_fkey FOREIGN KEY (provider) REFERENCES public.provider_gates(provider) ON DELETE CASCADE;

ALTER TABLE ONLY public.provider_windows
    ADD CONSTRAINT provider_windows_provider_fkey FOREIGN KEY (provider) REFERENCES public.provider_gates(provider) ON DELETE CASCADE;

ALTER TABLE ONLY public.symbol_computation_status
    ADD CONSTRAINT symbol_computation_status_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES public.scheduler_execution_log(execution_id) ON DELETE CASCADE;
