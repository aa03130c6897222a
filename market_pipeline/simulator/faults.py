"""What goes wrong with a simulated vendor, and when: a plan per vendor, and the decision for its n-th request.

Here belong the plan, its two notations (text, JSON) and the draw, a pure function of (seed, vendor, n, seconds).
What a fault looks like to the client belongs to `spoiling` and `wire`.

The text notation: `yahoo:error_rate=0.2,latency=0.05;finnhub:outage=10-40+60-,garbage=AAPL+MSFT;*:jitter=0.01`.
Vendors are separated by `;`, faults by `,`, the items of a list by `+`; `*` is every vendor, and of two values for one
fault the later counts.  An outage without an end lasts.  JSON has the same words: {"finnhub": {"outage": [[10, 40]]}}.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from market_pipeline.simulator.dice import Dice

EVERY_VENDOR = "*"
LONGEST = 3600.0  # seconds that one answer can be held back: longer than any client's patience


class Kind(StrEnum):
    """The faults of which a request suffers at most one; latency and jitter come on top."""

    OUTAGE = "outage"
    ERROR = "error_rate"
    THROTTLE = "throttle"
    RESET = "reset"
    TRUNCATED = "truncated"
    HTML = "html"
    LYING = "lying"
    SLOW = "slow"
    GARBAGE = "garbage"


class Verdict(NamedTuple):
    """What happens to one request: seconds before it is looked at, and the fault it suffers (None: none)."""

    delay: float
    kind: Kind | None


def _items(value: Any) -> Any:
    return value.split("+") if isinstance(value, str) else value


def _window(value: Any) -> Any:
    """`10-40` and `10-` as pairs of seconds; in JSON, [10, 40] and [10, null]."""
    if isinstance(value, str):
        start, dash, end = value.partition("-")
        if not dash:
            raise ValueError(f"{value!r} is no window of seconds: write 10-40, or 10- for one without an end")
        return start, end or math.inf
    if isinstance(value, (list, tuple)) and len(value) == 2 and value[1] is None:
        return value[0], math.inf
    return value


Rate = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]
Start = Annotated[float, Field(ge=0, allow_inf_nan=False)]
End = Annotated[float, Field(ge=0)]  # infinity: without an end
Window = Annotated[tuple[Start, End], BeforeValidator(_window)]
Windows = Annotated[tuple[Window, ...], BeforeValidator(_items)]
Symbols = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_items)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", ser_json_inf_nan="null"))
class FaultPlan:
    """What goes wrong with one vendor.  Rates are shares of its requests, between 0 and 1, together at most 1."""

    latency: Seconds = 0.0
    """Seconds that every answer takes."""
    jitter: Seconds = 0.0
    """Up to so many seconds more, evenly spread."""
    outage: Windows = ()
    """Seconds since the plan took effect, from and until which the vendor is down."""
    error_rate: Rate = 0.0
    """The vendor's own 5xx."""
    throttle: Rate = 0.0
    """The vendor's own refusal of too many requests, though there were not too many."""
    reset: Rate = 0.0
    """The connection is reset instead of an answer."""
    truncated: Rate = 0.0
    """The connection ends in the middle of the body."""
    html: Rate = 0.0
    """A web page with status 200."""
    lying: Rate = 0.0
    """An error body or an empty object with status 200."""
    slow: Rate = 0.0
    """Answers that take `slow_seconds`."""
    slow_seconds: Seconds = 30.0
    garbage: Symbols = ()
    """Canonical symbols whose figures are senseless."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """It tells of the market of another seed: plausible figures, and other ones than every other vendor's."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        together = sum(rate for _, rate in self._rates())
        if together > 1:
            raise ValueError(
                f"the rates add up to {together:g}: a request suffers one of them at most, so 1 is the most"
            )
        if any(end <= start for start, end in self.outage):
            raise ValueError("an outage ends after it starts")
        return self

    def _rates(self) -> tuple[tuple[Kind, float], ...]:
        return (
            (Kind.ERROR, self.error_rate),
            (Kind.THROTTLE, self.throttle),
            (Kind.RESET, self.reset),
            (Kind.TRUNCATED, self.truncated),
            (Kind.HTML, self.html),
            (Kind.LYING, self.lying),
            (Kind.SLOW, self.slow),
        )

    def verdict(self, dice: Dice, vendor: str, count: int, elapsed: float) -> Verdict:
        """What happens to the vendor's `count`-th request, `elapsed` seconds after the plan took effect.

        One number decides which fault it is, so that rates are exact shares and no fault hides another.
        """
        chance, spread = dice.uniforms(2, "fault", vendor, count)
        delay = self.latency + self.jitter * spread
        if any(start <= elapsed < end for start, end in self.outage):
            return Verdict(delay, Kind.OUTAGE)
        for kind, rate in self._rates():
            if chance < rate:
                return Verdict(delay + self.slow_seconds if kind is Kind.SLOW else delay, kind)
            chance -= rate
        return Verdict(delay, None)


FAULTS = tuple(field.name for field in fields(FaultPlan))


def parse_faults(written: str | Mapping[str, Any], vendors: Collection[str]) -> dict[str, FaultPlan]:
    """Plans by vendor, from text or from a JSON object; vendors that are not mentioned have none.

    Raises ValueError for unknown vendors, unknown faults and values out of range, naming what is accepted.
    """
    wishes: dict[str, dict[str, Any]] = {}
    for vendor, faults in _from_text(written) if isinstance(written, str) else written.items():
        if vendor != EVERY_VENDOR and vendor not in vendors:
            accepted = ", ".join([*sorted(vendors), EVERY_VENDOR])
            raise ValueError(f"unknown vendor {vendor!r} in the faults: accepted are {accepted}")
        if not isinstance(faults, Mapping):
            raise ValueError(f"the faults of {vendor} have to be an object of names and values")  # noqa: TRY004
        for one in vendors if vendor == EVERY_VENDOR else (vendor,):
            wishes.setdefault(one, {}).update(faults)
    return {vendor: _plan(vendor, faults) for vendor, faults in wishes.items()}


def _from_text(written: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for part in filter(None, (part.strip() for part in written.split(";"))):
        vendor, colon, faults = part.partition(":")
        pairs = [fault.partition("=") for fault in faults.split(",")]
        if not colon or not all(name.strip() and equals for name, equals, _ in pairs):
            raise ValueError(f"{part!r} is no fault plan: write vendor:fault=value,fault=value;vendor:…")
        found.append((vendor.strip(), {name.strip(): value.strip() for name, _, value in pairs}))
    return found


_PLAN = TypeAdapter(FaultPlan)


def _plan(vendor: str, faults: Mapping[str, Any]) -> FaultPlan:
    unknown = sorted(set(faults) - set(FAULTS))
    if unknown:
        raise ValueError(f"unknown fault {', '.join(unknown)} for {vendor}: accepted are {', '.join(FAULTS)}")
    try:
        return _PLAN.validate_python(faults)
    except ValidationError as error:
        said = "; ".join(
            ": ".join([*map(str, one["loc"][:1]), one["msg"].removeprefix("Value error, ")])
            for one in error.errors(include_url=False, include_context=False)
        )
        raise ValueError(f"faults of {vendor}: {said}") from error
