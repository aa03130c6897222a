"""What a vendor's adapter makes of a recorded answer, and what is wrong with that.

Here belong the reading of a recording the way the pipeline would do it (classify, match, read, check) and the judging
of what came out, as sentences; no sentence means that it conforms.  What is known about single recordings belongs to
`known.py`, what pytest does with all of it to the test modules.
"""

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from market_pipeline.datasets import DATASETS, MARKET_WIDE, Record, Rejected
from market_pipeline.providers.base import Endpoint, Provider
from market_pipeline.providers.errors import MalformedResponse, NoData, ProviderError, UnknownSymbol
from market_pipeline.providers.messages import Answer, Ask
from market_pipeline_tests.recordings import ERRORS, Recording

RECORDS = "records"
OUTCOMES = frozenset({RECORDS} | {error.outcome for error in ProviderError.__subclasses__()})
STORED_DECIMALS = 16_383  # of PostgreSQL's numeric; one value with more makes the whole COPY fail
FLOAT_PRECISION = 1e-12  # a JSON number in `expect` has about 16 digits, a quotient of Decimals has 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an adapter made of one answer.  `endpoint` is None where the answer was refused before any was asked."""

    outcome: str
    endpoint: Endpoint | None = None
    ask: Ask | None = None
    records: list[Record] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    error: ProviderError | None = None
    symbol_errors: Mapping[str, ProviderError] = field(default_factory=dict)

    @property
    def recognised(self) -> bool:
        """Whether it is told as an error, of the whole answer or of a symbol in it."""
        return self.error is not None or bool(self.symbol_errors)


def served_by(provider: Provider, recording: Recording) -> list[tuple[Endpoint, Ask]]:
    """Every endpoint that asks for the recording's address, those of the data type it is filed under first."""
    found = []
    for endpoint in provider.endpoints:
        alone = copy.copy(provider)
        vars(alone)["endpoints"] = (endpoint,)
        match = alone.match(recording.url, recording.recorded_at)
        if match is not None:
            found.append(match)
    return sorted(found, key=lambda match: match[0].data_type != recording.data_type)


def readings(provider: Provider, recording: Recording) -> list[Reading]:
    """A reading for each endpoint that serves the recording; only one where it is an error; [] where none does."""
    answer = recording.answer()
    error = provider.classify(answer)
    if error is not None:
        return [Reading(outcome=error.outcome, error=error)]
    return [read(endpoint, ask, answer) for endpoint, ask in served_by(provider, recording)]


def read(endpoint: Endpoint, ask: Ask, answer: Answer) -> Reading:
    """An answer that `classify` let pass, read by one endpoint."""
    try:
        parsed = endpoint.read(answer, ask)
    except ProviderError as error:
        return Reading(outcome=error.outcome, endpoint=endpoint, ask=ask, error=error)
    checked = DATASETS[endpoint.data_type].check(parsed.rows)
    if parsed.rows:
        outcome = RECORDS if checked.records else MalformedResponse.outcome
    elif any(isinstance(error, UnknownSymbol) for error in parsed.errors.values()):
        outcome = UnknownSymbol.outcome
    else:
        outcome = next((error.outcome for error in parsed.errors.values()), NoData.outcome)
    return Reading(
        outcome=outcome,
        endpoint=endpoint,
        ask=ask,
        records=checked.records,
        rejected=checked.rejected,
        symbol_errors=parsed.errors,
    )


def faults(
    recording: Recording, found: list[Reading], *, expect: Mapping[str, Any] | None = None, bad_rows: int = 0
) -> list[str]:
    """What is wrong with the readings of a recording that is served; [] where it conforms.

    `expect` (or the recording's own) is held against the first reading; without one, an answer filed under `errors` has
    to be recognised as one, and a 2xx filed under a data type must not be unreadable.  Every reading has to be sound.
    """
    first, expect = found[0], recording.expect if recording.expect is not None else expect
    wrong = [sentence for one in found for sentence in soundness(one, bad_rows)]
    if expect is not None:
        return wrong + unexpected(expect, first)
    if recording.data_type == ERRORS:
        return wrong if first.recognised else [*wrong, f"an error was read as {first.outcome}"]
    if first.outcome == MalformedResponse.outcome and 200 <= recording.status < 300:
        wrong.append(f"data could not be read: {first.error or 'every row was rejected'}")
    return wrong


def soundness(reading: Reading, bad_rows: int = 0) -> Iterator[str]:
    """What must not be in any reading whatever the answer was: rejects, NaN, naive times, symbols nobody asked for."""
    if len(reading.rejected) != bad_rows:
        reasons = sorted({rejected.reason for rejected in reading.rejected})[:3]
        yield f"{len(reading.rejected)} rows rejected, {bad_rows} known to be bad: {reasons}"
    for record in reading.records:
        yield from unsound(record)
    ask, endpoint = reading.ask, reading.endpoint
    if ask is None or endpoint is None or ask.symbols == (MARKET_WIDE,):
        return
    strangers = {record.symbol for record in reading.records} - {*ask.symbols}
    if strangers and not endpoint.market_wide:
        yield f"asked for {', '.join(ask.symbols)}, got rows about {', '.join(sorted(strangers)[:5])}"
    if reading.symbol_errors.keys() - {*ask.symbols}:
        yield f"errors about symbols nobody asked for: {sorted(reading.symbol_errors)}"


def unsound(record: Record) -> Iterator[str]:
    """Values that no record may hold, whatever its type declares: senseless ones, and such as no table can store."""
    for name, held in record:
        for value in held if isinstance(held, tuple) else (held,):
            field_name = f"{type(record).__name__}.{name}"
            if isinstance(value, (float, Decimal)) and not math.isfinite(value):
                yield f"{field_name} is {value}"
            elif isinstance(value, Decimal) and value.adjusted() < -STORED_DECIMALS:
                yield f"{field_name} has more than {STORED_DECIMALS} decimals"
            elif isinstance(value, datetime) and value.tzinfo is None:
                yield f"{field_name} has no time zone"
            elif isinstance(value, str) and "\x00" in value:
                yield f"{field_name} holds a NUL, which PostgreSQL's text cannot"


def unexpected(expect: Mapping[str, Any], reading: Reading) -> list[str]:
    """How a reading differs from an `expect` object: outcome, min_records, contains."""
    unknown = expect.keys() - {"outcome", "min_records", "contains"}
    if unknown or expect.get("outcome", RECORDS) not in OUTCOMES:
        return [f"`expect` cannot be honoured: {dict(expect)}"]
    wrong = []
    if "outcome" in expect and reading.outcome != expect["outcome"]:
        wrong.append(f"expected {expect['outcome']}, got {reading.outcome}" + _because(reading))
    if len(reading.records) < expect.get("min_records", 0):
        wrong.append(f"expected at least {expect['min_records']} records, got {len(reading.records)}")
    wanted = expect.get("contains", {})
    if wanted and not any(all(_holds(record, name, wanted[name]) for name in wanted) for record in reading.records):
        wrong.append(f"no record has {dict(wanted)}; " + _nearest(reading.records, wanted))
    return wrong


def _because(reading: Reading) -> str:
    return "" if reading.error is None else f" ({reading.error})"


def _holds(record: Record, name: str, wanted: Any) -> bool:
    return name in type(record).model_fields and same(getattr(record, name), wanted)


def _nearest(records: list[Record], wanted: Mapping[str, Any]) -> str:
    """The record that agrees with most of `wanted`, for the reader of a failed test."""
    if not records:
        return "there are no records"
    best = max(records, key=lambda record: sum(_holds(record, name, wanted[name]) for name in wanted))
    return f"the nearest has { {name: getattr(best, name, 'no such field') for name in wanted} }"


def same(found: Any, wanted: Any) -> bool:
    """Whether a record's value is the one that JSON names: numbers by value, dates and times by ISO text.

    A float is compared to its own precision, a number in a string exactly; a time without an offset is UTC.
    """
    if found is None or wanted is None or isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    try:
        if isinstance(found, datetime):
            return found == _aware(datetime.fromisoformat(wanted))
        if isinstance(found, date):
            return found == date.fromisoformat(wanted)
        if isinstance(found, (int, float, Decimal)):
            return _same_number(Decimal(str(found)), wanted)
        if isinstance(found, tuple):
            return len(found) == len(wanted) and all(map(same, found, wanted))
    except (TypeError, ValueError, InvalidOperation):  # `wanted` is no such thing at all
        return False
    return bool(found == wanted)


def _same_number(found: Decimal, wanted: Any) -> bool:
    if isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=FLOAT_PRECISION)
    return found == Decimal(str(wanted))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
