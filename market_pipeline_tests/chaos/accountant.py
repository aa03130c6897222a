"""Afterwards: what was asked for and served, beside what PostgreSQL holds, and what has been left behind.

Pure judgements over what was read, and the reading.  Whoever finds something missing here has found a bug in the pipeline.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import requests
from psycopg import sql

from market_pipeline.datasets import DATASETS, MARKET_WIDE, Dataset
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline.simulator.market import SyntheticMarket
from market_pipeline_tests.chaos.stage import ENDED, SECRET, Placed, Stage

SLACK = 0.01  # of a close: vendors round adjusted prices, each in its own way
Key = tuple[str, date | None, str]
"""A symbol, the session (None for what is current) and the length of bars."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that was asked for, and of which neither a row nor a reason is there."""

    act: str
    what: str
    known: tuple[str, ...] = ()
    """All that is known about it, in the order of time."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the accountant has found."""

    asked: int
    held: int
    owed: int
    """Not there, and `failed_symbols` says why and when it is retried."""
    losses: list[Loss]
    left_behind: list[str]
    leaks: list[str]

    @property
    def balanced(self) -> bool:
        return not (self.losses or self.left_behind or self.leaks)


def account(stage: Stage) -> Account:
    """Reads everything once the pipeline is at rest."""
    losses, held, owed = list[Loss](), 0, 0
    for placed in stage.placed:
        for (symbol, session, timeframe), fate in fates(stage, placed).items():
            held, owed = held + (fate == "held"), owed + (fate == "owed")
            if fate is None:
                order = f"{placed.order.data_type} of {symbol} {session or ''} {timeframe}, run {placed.run_id}"
                losses.append(Loss(placed.act, order, tuple(known(stage, placed, symbol))))
    asked = sum(1 for placed in stage.placed for _ in keys(placed))
    losses += [*served_and_gone(stage), *untrue(stage)]
    return Account(asked, held, owed, losses, list(left_behind(stage)), list(_leaks(stage)))


def keys(placed: Placed) -> Iterator[Key]:
    """All that an order is about, one by one."""
    for symbol in placed.order.symbols:
        for session in placed.order.days or (None,):
            for timeframe in placed.order.timeframes:
                yield symbol, session, timeframe


def fates(stage: Stage, placed: Placed) -> dict[Key, str | None]:
    """Of all that an order is about: `held` if rows or an empty answer are there, `owed` if there is a reason, else None.

    What counts is what has come since the order was placed.
    """
    dataset, asked = DATASETS[placed.order.data_type], list(keys(placed))
    known = stage.rows(
        _FATES.format(rows=_rows(dataset)),
        {
            "data_type": dataset.name,
            "at": placed.at if placed.order.anew else placed.at - (dataset.cache_ttl or timedelta()),
            "symbols": [symbol for symbol, _, _ in asked],
            "days": [day for _, day, _ in asked],
            "timeframes": [timeframe for _, _, timeframe in asked],
        },
    )
    return {
        key: "held" if held or answered else "owed" if owed else None
        for key, (held, answered, owed) in zip(asked, known, strict=True)
    }


def _rows(dataset: Dataset) -> sql.Composed:
    """Whether the order has left rows: written since then, or as they were before."""
    day = sql.SQL("true") if dataset.dated_by is None else sql.SQL("({}::date = asked.day OR asked.day IS NULL)")
    return sql.SQL(
        "SELECT FROM {} AS kept WHERE kept.symbol = asked.symbol AND fetched_at >= %(at)s AND {} AND {}"
    ).format(
        sql.Identifier(dataset.name),
        day.format(sql.Identifier("kept", dataset.dated_by or "")),
        sql.SQL("kept.timeframe = asked.timeframe" if dataset.timeframes else "true"),
    )


_FATES = sql.SQL(
    """
    SELECT
        EXISTS ({rows}),
        EXISTS (
            SELECT FROM cached_answers AS answer WHERE data_type = %(data_type)s AND answer.symbol = asked.symbol
                AND answer.timeframe = asked.timeframe AND answered_at >= %(at)s
                AND (asked.day IS NULL OR span @> asked.day)
        ),
        EXISTS (
            SELECT FROM failed_symbols AS owed WHERE data_type = %(data_type)s AND owed.symbol = asked.symbol
                AND owed.timeframe = asked.timeframe AND last_failed_at >= %(at)s AND errors <> '{{}}'
                AND (state <> 'waiting' OR next_retry_at IS NOT NULL)
                AND (asked.day IS NULL OR asked.day::text
                    BETWEEN split_part(partition_key, '...', 1) AND right(partition_key, 10))
        )
    FROM unnest(%(symbols)s::text[], %(days)s::date[], %(timeframes)s::text[])
        WITH ORDINALITY AS asked (symbol, day, timeframe, number)
    ORDER BY number
    """
)


def known(stage: Stage, placed: Placed, symbol: str) -> Iterator[str]:
    """What was written down about an order's runs and one of its symbols, a line each."""
    asked = {"run_id": placed.run_id, "data_type": placed.order.data_type, "symbol": symbol}
    for at, kind, said in stage.rows(_KNOWN, asked):
        yield f"{at:%H:%M:%S} {kind}: {' '.join(str(said).split())[:300]}"


_KNOWN = """
    WITH mine AS (
        SELECT run_id FROM dagster.runs WHERE run_id = %(run_id)s
        UNION SELECT run_id FROM dagster.run_tags
        WHERE key IN ('dagster/root_run_id', 'dagster/backfill') AND value = %(run_id)s
    )
    SELECT create_timestamp AT TIME ZONE 'UTC' AS at, 'run ' || left(run_id, 8), status || coalesce(
            ', will_retry ' || (SELECT value FROM dagster.run_tags AS tag
                WHERE tag.run_id = runs.run_id AND key = 'dagster/will_retry'), '')
        FROM dagster.runs JOIN mine USING (run_id)
    UNION ALL SELECT timestamp AT TIME ZONE 'UTC', 'run ' || left(run_id, 8), dagster_event_type || coalesce(
            ': ' || (event::jsonb #>> '{dagster_event,message}'), '') || coalesce(
            ' ' || (event::jsonb #>> '{dagster_event,event_specific_data,error,message}'), '')
        FROM dagster.event_logs JOIN mine USING (run_id)
        WHERE dagster_event_type IS NOT NULL AND dagster_event_type NOT LIKE 'RESOURCE%%'
            AND dagster_event_type NOT LIKE 'ASSET%%' AND dagster_event_type <> 'STEP_OUTPUT'
    UNION ALL SELECT started_at, 'execution', status || coalesce(': ' || error_message, '')
        FROM scheduler_execution_log JOIN mine USING (run_id)
    UNION ALL SELECT attempted_at, 'asked ' || provider, outcome || coalesce(': ' || error_message, '')
        FROM fetch_attempts JOIN mine USING (run_id) WHERE %(symbol)s = ANY (symbols)
    UNION ALL SELECT answered_at, 'answered', provider || ' ' || span || ' ' || timeframe || ' ' || records || ' records'
        FROM cached_answers WHERE data_type = %(data_type)s AND symbol = %(symbol)s
    UNION ALL SELECT last_failed_at, 'owed', state || ' ' || partition_key || ' ' || timeframe || ' ' || errors::text
        FROM failed_symbols WHERE data_type = %(data_type)s AND symbol = %(symbol)s
    ORDER BY at
"""


def served_and_gone(stage: Stage) -> Iterator[Loss]:
    """What vendors say they have served, of which nothing is known here."""
    known = {
        (data_type, symbol)
        for name in DATASETS
        for data_type, symbol in stage.rows(f"SELECT DISTINCT '{name}', coalesce(symbol, '*') FROM {name}")
    }
    known |= set(
        stage.rows("SELECT data_type, symbol FROM cached_answers UNION SELECT data_type, symbol FROM failed_symbols")
    )
    known |= set(stage.rows("SELECT data_type, payload ->> 'symbol' FROM rejected_records"))
    known |= {(data_type, MARKET_WIDE) for data_type, _ in known}  # some vendors' answers have the whole market
    for data_type, symbol in sorted(stage.all_served().keys() - known):
        yield Loss("", f"{data_type} of {symbol} was served and is nowhere")


def untrue(stage: Stage) -> Iterator[Loss]:
    """Bars that are not the market's: daily ones with another close, sessions with more or fewer hours than there were."""
    market, now = SyntheticMarket(seed=1), datetime.now(UTC)
    daily = stage.rows("SELECT symbol, session, adjustment, close FROM historical_prices WHERE timeframe = '1d'")
    for symbol, session, adjustment, close in daily:
        true = market.bar(symbol, session, as_of=now, adjustment=adjustment)
        if true is None or abs(close / true.close - 1) > SLACK:
            yield Loss("", f"{symbol} closed at {close} on {session}: the market says {true and true.close}")
    hourly = "SELECT symbol, session, count(*) FROM price_bars WHERE timeframe = '1h' GROUP BY symbol, session"
    for symbol, session, hours in stage.rows(hourly):
        traded = len(market.bars(symbol, session, session, "1h", as_of=now))
        if hours != traded:
            yield Loss("", f"{symbol} has {hours} of {traded} hours on {session}")


LEFT_BEHIND = {
    "runs that have not ended": f"SELECT run_id || ' ' || status FROM dagster.runs WHERE status NOT IN {ENDED}",
    "executions that are running": "SELECT run_id || ' ' || data_type FROM scheduler_execution_log WHERE status = 'running'",
    "symbols without an end": """SELECT symbol || ' ' || status FROM symbol_computation_status
        WHERE status NOT IN ('completed', 'failed')""",
    "calls that are leased": "SELECT provider || ' ' || holder FROM provider_leases WHERE expires_at > now()",
    "probes under way": "SELECT provider || ' ' || scope FROM provider_scopes WHERE probe_until > now()",
    "slots of pools": "SELECT concurrency_key || ' ' || run_id FROM dagster.concurrency_slots WHERE run_id IS NOT NULL",
    "steps that wait for a slot": "SELECT concurrency_key || ' ' || run_id FROM dagster.pending_steps",
    "locks of executions": """SELECT objid::text FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND application_name = 'market_pipeline execution log'""",
    "transactions that idle": """SELECT application_name FROM pg_stat_activity
        WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '30 seconds'""",
}
"""What a pipeline at rest has none of, by what it is."""


def left_behind(stage: Stage) -> Iterator[str]:
    for what, query in LEFT_BEHIND.items():
        found = stage.rows(query)
        if found:
            yield f"{what}: {', '.join(str(one) for (one,) in found[:5])}" + (" …" if len(found) > 5 else "")
    waiting = [
        file for file in (stage.user.home / ".spool").glob("*") if file.suffix != ".lock" and file.stat().st_size
    ]
    yield from (f"attempts that wait in {file}" for file in waiting)


def _leaks(stage: Stage) -> Iterator[str]:
    """Where a key or a password can be read: tables, files, the terminal, pages."""
    for schema, table in stage.rows(
        "SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE relkind = 'r' AND nspname IN ('public', 'dagster')"
    ):
        name = sql.Identifier(schema, table)
        found = stage.rows(sql.SQL("SELECT count(*) FROM {} AS t WHERE strpos(t::text, %s) > 0").format(name), [SECRET])
        if found != [(0,)]:
            yield f"table {schema}.{table}, {found[0][0]} rows"
    runs = [PROJECT_ROOT / ".dagster" / "compute_logs" / placed.run_id for placed in stage.placed]
    for file in _files([stage.user.home, *runs]):
        if SECRET.encode() in file.read_bytes():
            yield str(file)
    if any(SECRET in line for line in stage.up.output):
        yield "the terminal"
    for page in ("/metrics", "/", "/api/health"):
        address = f"http://127.0.0.1:{stage.user.environment['MONITOR_PORT']}{page}"
        said = requests.get(address, headers={"Authorization": f"Bearer {SECRET}-token"}, timeout=30)
        if SECRET in said.text:
            yield f"the monitor's {page}"


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from (file for file in place.rglob("*") if file.is_file() and "base" not in file.parts)
