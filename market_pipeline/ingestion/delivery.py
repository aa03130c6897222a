"""What becomes of vendors' answers as they arrive: they are stored, or compared with what is stored.

Here belong the callbacks that a fetch hands its answers to, and what they gather.  Asking is `fetching`; what failed and is
fresh afterwards is noted by `market_data`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from market_pipeline.datasets import Dataset, Record
from market_pipeline.fetching.calls import Attempt
from market_pipeline.fetching.planner import Wanted
from market_pipeline.fetching.report import Errors, Report
from market_pipeline.fetching.router import Deliver
from market_pipeline.providers.errors import MalformedResponse, NoData, ProviderError
from market_pipeline.storage.answers import AnswerCache, CachedAnswer
from market_pipeline.storage.constituents import ImplausibleList, record_members
from market_pipeline.storage.database import Connection
from market_pipeline.storage.upsert import Written, total
from market_pipeline.storage.writer import Provenance, Writer
from market_pipeline.tracking.consensus import Comparison, Ours, deviation, figures_of

SAMPLE = 5  # records


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: the router's report, what earlier answers served, and the rows in the table."""

    cached: dict[str, CachedAnswer]
    """The earlier answers that serve, by symbol: nobody was asked for these."""
    report: Report
    """What came of asking for the other symbols."""
    order: tuple[str, ...] = ()
    """The vendors as they were asked."""
    stale: dict[str, CachedAnswer] = field(default_factory=dict)
    """The old answers that serve for some of the symbols that failed; the rows say so, and the symbols are still owed."""
    rows_by_symbol: defaultdict[str, Written] = field(default_factory=lambda: defaultdict(Written))
    rows_by_day: Counter[date] = field(default_factory=Counter)
    """Records of each day, for datasets that are kept by day or session."""
    told_at: dict[str, datetime] = field(default_factory=dict)
    """When the last answer about each symbol came: a fetch may take an hour."""
    membership_changes: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Members `added` and `removed`, by index, for datasets whose answers are whole lists."""
    sample: list[Record] = field(default_factory=list)
    """The first few records, to look at."""

    @property
    def written(self) -> Written:
        return total(self.rows_by_symbol)

    @property
    def settled(self) -> list[str]:
        """The symbols that a vendor has answered for, now or lately."""
        return [*self.cached, *self.report.answered]

    @property
    def unserved(self) -> dict[str, Errors]:
        """Why each vendor did not answer, for symbols that no old answer serves either."""
        return {symbol: errors for symbol, errors in self.report.failed.items() if symbol not in self.stale}


def storing(
    connection: Connection,
    wanted: Wanted,
    cache: AnswerCache,
    done: Refreshed,
    *,
    clock: Callable[[], datetime],
    run_id: str,
) -> Deliver:
    """What writes answers, remembers them, and counts them into `done`."""
    dataset, writer = wanted.dataset, Writer(connection)

    def deliver(attempts: Sequence[Attempt], settled: Sequence[str]) -> dict[str, ProviderError]:
        records = [record for attempt in attempts for record in attempt.records]
        rejected = [row for attempt in attempts for row in attempt.rejected]
        now = clock()
        done.told_at.update((symbol, now) for attempt in attempts for symbol in attempt.ask.symbols)
        if not records and not rejected and not settled:
            return {}
        provenance = Provenance(attempts[0].provider, now, run_id)
        written = writer.write(dataset, records, provenance, wanted.asked_first if dataset.pinned else None)
        for symbol, rows in written.items():
            done.rows_by_symbol[symbol] += rows
        writer.quarantine(dataset, rejected, provenance)
        refused = _end_absent(connection, dataset, records, settled, provenance, done) if dataset.complete else {}
        kept = {symbol: done.rows_by_symbol[symbol].rows for symbol in settled if symbol not in refused}
        cache.remember(provenance.provider, kept, window=wanted.window)
        done.sample += records[: SAMPLE - len(done.sample)]
        days = (dataset.day_of(record) for record in records)
        done.rows_by_day.update(day for day in days if day is not None)
        return refused

    return deliver


def _end_absent(
    connection: Connection,
    dataset: Dataset,
    records: Sequence[Record],
    lists: Sequence[str],
    provenance: Provenance,
    done: Refreshed,
) -> dict[str, ProviderError]:
    """Mark stored members that whole lists have no longer.  A list that leaves out too much to be true is refused."""
    refused: dict[str, ProviderError] = {}
    for index in lists:
        members = {getattr(record, dataset.key[-1]) for record in records if record.symbol == index}
        try:
            done.membership_changes[index] = record_members(
                connection, index, members, now=provenance.fetched_at, run_id=provenance.run_id
            )
        except ImplausibleList as error:
            refused[index] = MalformedResponse(str(error))
    return refused


def comparing(dataset: Dataset, ours: Mapping[str, Ours], found: dict[str, Comparison]) -> Deliver:
    """What compares answers with `ours`, into `found`; one without a row that we have too is none."""

    def deliver(attempts: Sequence[Attempt], settled: Sequence[str]) -> dict[str, ProviderError]:
        theirs = figures_of(dataset, (record for attempt in attempts for record in attempt.records))
        refused: dict[str, ProviderError] = {}
        for symbol in settled:
            apart = deviation(ours[symbol].figures, theirs.get(symbol, {}))
            if apart is None:
                refused[symbol] = NoData("it has no row that we have too")
            else:
                found[symbol] = Comparison(symbol, attempts[0].provider, apart)
        return refused

    return deliver
