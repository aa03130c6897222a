-- p_in_flight calls of this process are under way, of p_units units.  It would like to have p_slots at once, and to make
-- p_tokens calls of p_cost units each next.  Of a window never more than a tenth of what is left is leased at once, so that
-- a killed process takes little along.  p_last_resort: nobody else could answer.  Then a cooldown is no longer than its
-- first one, so that the last vendor is tried every minute and never excluded for good.  paced: after the wait the call
-- is let through, because only limits or the vendor's own Retry-After are in its way; not so where it is down or refuses us.
-- limits_only: the vendor itself has asked for nothing, it is this side that keeps to its limits.
CREATE OR REPLACE FUNCTION gate_ask(
    p_provider text,
    p_scope text,
    p_holder text,
    p_in_flight integer,
    p_units integer,
    p_slots integer,
    p_tokens integer,
    p_cost integer,
    p_last_resort boolean,
    p_at timestamptz DEFAULT NULL,
    OUT tokens integer,
    OUT slots integer,
    OUT wait double precision,
    OUT reason text,
    OUT paced boolean,
    OUT limits_only boolean
)
LANGUAGE plpgsql AS $$
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
COMMENT ON FUNCTION gate_ask IS 'May this process call a vendor''s endpoint now? Permits (tokens to spend, slots to be in flight), or for how long not and why.';
