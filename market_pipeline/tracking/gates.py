"""The gates of vendors for people to look at: how they stand, what happened to them, and opening one by hand.

The decisions themselves, and every change, are the functions gate_* in sql/functions.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from psycopg.rows import class_row

from market_pipeline.fetching.pace import Allowance
from market_pipeline.providers.base import Provider
from market_pipeline.storage.database import Connection


@dataclass(frozen=True, slots=True)
class GateStatus:
    """A row of `provider_status`: an endpoint of a vendor, or a vendor none of whose endpoints was called (scope None)."""

    name: str
    scope: str | None
    """Data type and endpoint: `stock_quotes/Quote`."""
    state: str
    reason: str | None
    away_until: datetime | None
    """None also where no time is set: a rejected key is off until there is another one."""
    failure_count: int
    success_count: int
    failure_rate: float
    last_failure_time: datetime | None
    opened_at: datetime | None
    active_count: int
    """Calls in flight, as slots held by all processes."""
    available_slots: int
    rejected_count: int
    """Asks that found no free slot."""
    rate_share: float
    """Part of the documented rate that the vendor is asked for; below 1 after it has rate-limited us."""
    tokens_left: int | None
    """Units that its tightest rate still allows now; None without a rate."""
    quota_left: int | None
    """Units left of its quota for the day or month; None without one."""


@dataclass(frozen=True, slots=True)
class GateEvent:
    """One change of a gate's state.  scope is "" for the whole vendor."""

    at: datetime
    provider: str
    scope: str
    from_state: str
    to_state: str
    reason: str


STATE_WORDS: Mapping[str, str] = {
    "ready": "ready",
    "closed": "ready",
    "half_open": "half-open",
    "open": "circuit open",
    "cooldown": "cooldown",
    "throttled": "rate-limited",
    "key_rejected": "key rejected",
    "not_entitled": "not in its plan",
}
"""The states for people: a circuit breaker that is closed lets calls through, and reads like a closed door."""


def gate_status(connection: Connection) -> list[GateStatus]:
    """Every vendor that was ever asked, by name and endpoint."""
    with connection.cursor(row_factory=class_row(GateStatus)) as cursor:
        return cursor.execute(
            """
            SELECT name, scope, state, reason, nullif(away_until, 'infinity') AS away_until, failure_count, success_count,
                failure_rate, last_failure_time, opened_at, active_count, available_slots, rejected_count, rate_share,
                tokens_left, quota_left
            FROM provider_status ORDER BY name, scope
            """
        ).fetchall()


AWAY_AS_A_WHOLE = frozenset({"throttled", "key_rejected"})
AWAY_BY_ENDPOINT = frozenset({"open", "cooldown", "not_entitled"})


def nobody_can_be_asked(gates: Sequence[GateStatus], data_type: str, vendors: Iterable[Provider]) -> bool:
    """Whether each of `vendors` is away, with all its endpoints for a data type or as a whole.  Pure."""
    return all(_is_away([one for one in gates if one.name == vendor.name], data_type, vendor) for vendor in vendors)


def _is_away(gates: Sequence[GateStatus], data_type: str, vendor: Provider) -> bool:
    shut = {one.scope for one in gates if one.state in AWAY_BY_ENDPOINT}
    return any(one.state in AWAY_AS_A_WHOLE or one.quota_left == 0 for one in gates) or all(
        endpoint.name in shut for endpoint in vendor.endpoints_for(data_type)
    )


def put_away(gates: Sequence[GateStatus], vendor: str, endpoint: str) -> GateStatus | None:
    """What keeps calls to a vendor's endpoint back, its limits aside; None where they are let through.  Pure."""
    own = [one for one in gates if one.name == vendor]
    whole = (one for one in own if one.state in AWAY_AS_A_WHOLE)
    part = (one for one in own if one.scope == endpoint and one.state in AWAY_BY_ENDPOINT)
    return next(chain(whole, part), None)


def gate_events(connection: Connection, limit: int) -> list[GateEvent]:
    """The last changes, newest first."""
    with connection.cursor(row_factory=class_row(GateEvent)) as cursor:
        return cursor.execute(
            "SELECT at, provider, scope, from_state, to_state, reason FROM provider_events ORDER BY event_id DESC LIMIT %s",
            [limit],
        ).fetchall()


def reset_provider_failures(connection: Connection, provider: str, data_type: str | None = None) -> int:
    """Bring a vendor back, or its endpoints of one data type; returns how many states changed.

    What was spent of its rates and quotas stays spent.
    """
    row = connection.execute("SELECT gate_reset(%s, %s)", [provider, data_type]).fetchone()
    return 0 if row is None else int(row[0])


def allowances(connection: Connection) -> dict[str, list[Allowance]]:
    """What the limits of each vendor that was ever asked allow now, and in every second from now on."""
    found: defaultdict[str, list[Allowance]] = defaultdict(list)
    for provider, seconds, allowed, left in connection.execute(
        "SELECT provider, seconds, units_allowed, units_left FROM provider_limits ORDER BY provider, seconds"
    ):
        found[provider].append(Allowance(left, allowed / seconds))
    return dict(found)
