"""Comparing what vendors' adapters made of the same questions about one market.

Here belong the rules: which rows an answer has to have, which values are the same, how what is wrong is told.  Who is
asked what is in `panel.py`, what is meant to differ in `differences.py`.  Nothing here knows a vendor.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from market_pipeline.datasets import Dataset, Record
from market_pipeline.providers.errors import NoData
from market_pipeline.providers.messages import Ask
from market_pipeline_tests.providers.differences import Difference, slack, spared
from market_pipeline_tests.providers.panel import Answered

LACKS, ALONE, REJECTED = "lacks", "alone", "rejected"
"""What a finding that is about a whole row can be about, besides the outcomes of errors."""
_ALIGNED_BY = {"stock_quotes": ("symbol", "session")}
"""What makes two rows one, where that is not the dataset's key: a quote's is the time of its trade, which is compared."""
_HAPPENS = {"earnings": "report_date", "dividends": "ex_date"}
"""The day by which calendars list what belongs to a dataset without a window."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row of an endpoint: in a field, or as a whole (LACKS, ALONE, REJECTED, an error's outcome)."""

    source: str
    data_type: str
    row: str
    """Its key (`AAPL/2026-07-31`), or the symbol where it is about all of a symbol's rows."""
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.source}: {self.data_type} {self.row}: {self.field}: {self.text}"


Key = tuple[Any, ...]
Rows = Mapping[Key, list[tuple[str, Record]]]
"""The rows that are one, with their sources."""


def findings(dataset: Dataset, answers: Collection[Answered], meant: Collection[Difference]) -> list[Finding]:
    """Everything in which answers differ that is not meant to."""
    found: list[Finding] = []
    for moment in sorted({one.ask.now for one in answers}):
        given = [one for one in answers if one.ask.now == moment]
        comparable = [one for one in given if not any(spared(meant, one.source, "", name) for name in dataset.key)]
        rows: defaultdict[Key, list[tuple[str, Record]]] = defaultdict(list)
        for one in comparable:
            for record in one.records:
                rows[_key(dataset, record)].append((one.source, record))
        for one in given:
            found += _about_answers(dataset, one)
        for one in comparable:
            found += _about_rows(dataset, one, rows)
        for key, same in rows.items():
            found += _about_values(dataset, key, same, meant)
    return [one for one in found if not spared(meant, one.source, one.row, one.field)]


def _key(dataset: Dataset, record: Record) -> Key:
    return tuple(getattr(record, name) for name in _ALIGNED_BY.get(dataset.name, dataset.key))


def _shown(key: Key) -> str:
    return "/".join(map(str, key))


def _about_answers(dataset: Dataset, one: Answered) -> Iterator[Finding]:
    """Symbols that a vendor does not answer for, and rows that are no records."""
    for symbol, error in one.errors.items():
        yield Finding(one.source, dataset.name, symbol, error.outcome, str(error))
    for reason in one.rejected:
        yield Finding(one.source, dataset.name, ", ".join(one.ask.symbols), REJECTED, reason)


def _about_rows(dataset: Dataset, one: Answered, rows: Rows) -> Iterator[Finding]:
    """Rows that an answer should have and has not, and symbols of which it has none that others have."""
    own = {_key(dataset, record): record.symbol for record in one.records}
    for symbol in one.ask.symbols:
        if symbol in one.errors:
            continue
        mine = {key for key, about in own.items() if about == symbol}
        theirs = {
            key: others
            for key, same in rows.items()
            if (others := [(by, record) for by, record in same if by != one.source and record.symbol == symbol])
        }
        due = {
            key: others
            for key, others in theirs.items()
            if key not in mine and any(_is_due(dataset, one.ask, key, record, mine) for _, record in others)
        }
        if not mine and (due or (theirs and one.ask.window is None)):
            yield Finding(one.source, dataset.name, symbol, NoData.outcome, f"others have {len(due or theirs)} rows")
        elif mine and not mine & theirs.keys():
            text = f"none of its {len(mine)} rows is one of the others' {len(theirs)}"
            yield Finding(one.source, dataset.name, symbol, ALONE, text)
        else:
            for key, others in due.items():
                holders = ", ".join(sorted({source for source, _ in others}))
                yield Finding(one.source, dataset.name, _shown(key), LACKS, f"a row that is told by {holders}")


def _is_due(dataset: Dataset, ask: Ask, key: Key, record: Record, mine: Iterable[Key]) -> bool:
    """Whether an answer to `ask` that has the rows `mine` should have this one of somebody else too.

    In a window every row of its days; without one, vendors reach back differently far: no gaps in what they reach.
    """
    if ask.timeframe not in (None, getattr(record, "timeframe", None)):
        return False
    if ask.window is None:
        reached = [other[-1] for other in mine if other[:-1] == key[:-1]]
        return bool(reached) and min(reached) <= key[-1] <= max(reached)
    day = getattr(record, _HAPPENS[dataset.name]) if dataset.name in _HAPPENS else dataset.day_of(record)
    return day is not None and day in ask.window


def _about_values(
    dataset: Dataset, key: Key, same: list[tuple[str, Record]], meant: Collection[Difference]
) -> Iterator[Finding]:
    """Values that are not those which most vendors agree on."""
    row = _shown(key)
    for name in dataset.record.model_fields:
        values = [(source, value) for source, record in same if (value := getattr(record, name)) not in (None, ())]
        if all(value == values[0][1] for _, value in values):
            continue
        compared = [one for one in values if not spared(meant, one[0], row, name)]
        reach = [slack(meant, source, row, name, value) for source, value in compared]
        against = [
            [_distance(value, other) > own + others for (_, other), others in zip(compared, reach, strict=True)]
            for (_, value), own in zip(compared, reach, strict=True)
        ]
        for (source, value), opposed in zip(compared, against, strict=True):
            opponents = [number for number, is_opponent in enumerate(opposed) if is_opponent]
            best = min(opponents, key=lambda number: sum(against[number]), default=None)
            if best is not None and sum(against[best]) <= len(opponents):
                text = f"{value}, where {compared[best][0]} has {compared[best][1]}"
                yield Finding(source, dataset.name, row, name, text)


def _distance(one: Any, other: Any) -> Decimal:
    """How far two values are apart: numbers in their unit, times in seconds, anything else infinitely."""
    if one == other:
        return Decimal(0)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return Decimal(abs((one - other).total_seconds()))
    if isinstance(one, bool | str | date | tuple):
        return Decimal("Infinity")
    return abs(Decimal(one) - Decimal(other))
