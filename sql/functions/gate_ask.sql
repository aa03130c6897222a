-- p_in_flight calls of this process are under way, p_slots it would like to have at once, p_tokens calls of p_cost units
-- each it would like to make next.  Of a window never more than a tenth of what is left is leased at once, so that a
-- killed process takes little along.  p_last_resort: nobody else could answer.  Then a cooldown is no longer than its
-- first one, so that the last vendor is tried every minute and never put away for good.
CREATE OR REPLACE FUNCTION gate_ask(
    p_provider text,
    p_scope text,
    p_holder text,
    p_in_flight integer,
    p_slots integer,
    p_tokens integer,
    p_cost integer,
    p_last_resort boolean,
    p_at timestamptz DEFAULT NULL,
    OUT tokens integer,
    OUT slots integer,
    OUT asked_at timestamptz,
    OUT wait double precision,
    OUT reason text
)
LANGUAGE plpgsql AS $$
DECLARE
    gate provider_gates;
    breaker provider_scopes;
    spending provider_windows;
    windows provider_windows[];
    until timestamptz;
    allowed integer;
    used integer;
    units integer;
    slot bigint;
BEGIN
    asked_at := gate_lock(p_provider, p_at);
    tokens := 0;
    slots := 0;
    SELECT * INTO gate FROM provider_gates WHERE provider = p_provider;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'gate_ask: % has not been registered', p_provider USING HINT = 'Call gate_register first.';
    END IF;
    IF gate.away_until > asked_at THEN
        reason := gate.reason;
        wait := gate_seconds(asked_at, gate.away_until);
        RETURN;
    ELSIF gate.state <> 'ready' THEN
        PERFORM gate_move_vendor(gate, 'ready', NULL, 'the wait is over', asked_at);
    END IF;

    SELECT * INTO breaker FROM provider_scopes WHERE provider = p_provider AND scope = p_scope;
    IF breaker.state <> 'closed' THEN
        until := CASE
            WHEN breaker.state = 'half_open' THEN breaker.probe_until
            WHEN breaker.state = 'cooldown' AND p_last_resort
                THEN least(breaker.away_until, breaker.opened_at + interval '60 s')
            ELSE breaker.away_until
        END;
        IF until > asked_at THEN
            reason := breaker.reason;
            wait := gate_seconds(asked_at, until);
            RETURN;
        END IF;
    END IF;

    SELECT gate.slots - coalesce(sum(lease.slots), 0) INTO slots FROM provider_leases AS lease
    WHERE lease.provider = p_provider AND lease.holder <> p_holder AND lease.expires_at > asked_at;
    slots := least(slots, p_slots);
    IF slots <= p_in_flight THEN
        UPDATE provider_gates SET rejected_count = rejected_count + 1 WHERE provider = p_provider;
        slots := 0;
        reason := format('all of its %s slots for calls in flight are taken', gate.slots);
        wait := 0.1;  -- when a slot becomes free nobody knows: calls take about as long
        RETURN;
    END IF;

    tokens := CASE WHEN breaker.state <> 'closed' THEN 1 ELSE p_tokens END;
    FOR spending IN SELECT * FROM provider_windows WHERE provider = p_provider LOOP
        slot := gate_slot(spending.seconds, asked_at);
        spending.spent := gate_spent(spending.spent, spending.newest, slot);
        spending.newest := greatest(spending.newest, slot);
        allowed := gate_allowed(spending, gate, asked_at);
        used := 0;
        FOREACH units IN ARRAY spending.spent LOOP
            used := used + units;
        END LOOP;
        IF used > 0 AND used + p_cost > allowed THEN
            tokens := 0;
            until := greatest(until, gate_free_at(
                spending.seconds, spending.spent, spending.newest, used + p_cost - allowed));
        ELSE
            tokens := least(tokens, greatest(1, (allowed - used) / p_cost / 10));
        END IF;
        windows := windows || spending;
    END LOOP;
    IF tokens = 0 THEN
        slots := 0;
        wait := gate_seconds(asked_at, until);
        reason := format('its plan''s calls are spent until %s', to_char(until, 'YYYY-MM-DD HH24:MI:SS'));
        RETURN;
    END IF;

    FOREACH spending IN ARRAY coalesce(windows, '{}') LOOP
        spending.spent[1] := spending.spent[1] + tokens * p_cost;
        UPDATE provider_windows SET newest = spending.newest, spent = spending.spent
        WHERE provider = p_provider AND seconds = spending.seconds;
    END LOOP;
    PERFORM gate_hold(p_provider, p_holder, slots, asked_at);
    IF breaker.state <> 'closed' THEN
        IF breaker.state <> 'half_open' THEN
            PERFORM gate_move_scope(breaker, 'half_open', NULL, 'one call finds out whether it answers again', asked_at);
        END IF;
        UPDATE provider_scopes SET probe_holder = p_holder, probe_until = asked_at + interval '60 s'
        WHERE provider = p_provider AND scope = p_scope;
    END IF;
END
$$;
COMMENT ON FUNCTION gate_ask IS 'May this process call a vendor''s endpoint now? Permits (tokens to spend, slots to be in flight), or for how long not and why.';
