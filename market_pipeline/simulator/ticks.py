"""Bars in whole cents, and how one bar is divided into smaller ones that add up to it exactly.

Whole numbers make "adds up exactly" a fact instead of a tolerance. The division is the whole intraday market: a day is
divided into hours, an hour into five minutes, five minutes into minutes, each on demand. No dates and no symbols here.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import fsum
from typing import NamedTuple

_NOISE = 0.6  # how far a boundary strays from the straight line, in units of range / √parts
_WICK = 0.2  # how far a bar reaches beyond its open and close, same units


class Ticks(NamedTuple):
    """Open, high, low and close in cents, volume in shares."""

    open: int
    high: int
    low: int
    close: int
    volume: int

    def split(self, factor: float) -> "Ticks":
        """The same in shares of which `factor` make up one of these, to the nearest cent."""
        open_, high, low, close = (max(1, round(price / factor)) for price in self[:4])
        return Ticks(open_, high, low, close, round(self.volume * factor))


def to_cents(price: float) -> int:
    """The nearest whole cent, at least one: no share is free."""
    return max(1, round(price * 100))


def money(cents: int) -> Decimal:
    """Cents as dollars with two decimals."""
    return Decimal(cents).scaleb(-2)


def rounded(amount: float, places: int) -> Decimal:
    """A float as a Decimal with exactly this many decimals."""
    return Decimal(round(amount * 10**places)).scaleb(-places)


def merged(bars: Sequence[Ticks]) -> Ticks:
    """The one bar that consecutive bars add up to: first open, highest high, lowest low, last close, summed volume."""
    return Ticks(
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )


def divided(whole: Ticks, weights: Sequence[float], draws: Sequence[float]) -> list[Ticks]:
    """Consecutive bars, one for each weight, that merge into `whole` exactly; each opens where the last one closed.

    weights: each part's expected share of the volume, positive, in any unit.
    draws: 2 + 2 × len(weights) numbers, uniform on [0, 1): the whole randomness of the division.
    """
    parts = len(weights)
    reach = (whole.high - whole.low) / parts**0.5
    high_at, low_at = draws[0] * parts, draws[1] * parts
    boundaries = _boundaries(whole, parts, high_at, low_at, [(draw - 0.5) * _NOISE * reach for draw in draws[2:]])
    volumes = _shares(whole.volume, weights)
    bars = []
    for part in range(parts):
        opened, closed = boundaries[part], boundaries[part + 1]
        wick = int(draws[2 + parts + part] * _WICK * reach)
        top = whole.high if part == int(high_at) else min(whole.high, max(opened, closed) + wick)
        bottom = whole.low if part == int(low_at) else max(whole.low, min(opened, closed) - wick)
        bars.append(Ticks(opened, top, bottom, closed, volumes[part]))
    return bars


def _boundaries(whole: Ticks, parts: int, high_at: float, low_at: float, noise: Sequence[float]) -> list[int]:
    """The price between one part and the next: from the open by way of both extremes, in their order, to the close."""
    knots = sorted([(high_at, whole.high), (low_at, whole.low)])
    knots = [(0.0, whole.open), *knots, (float(parts), whole.close)]
    prices = [whole.open]
    leg = 1
    for boundary in range(1, parts):
        while knots[leg][0] < boundary:
            leg += 1
        (before, from_price), (after, to_price) = knots[leg - 1], knots[leg]
        straight = from_price + (to_price - from_price) * (boundary - before) / (after - before)
        prices.append(max(whole.low, min(whole.high, round(straight + noise[boundary]))))
    return [*prices, whole.close]


def _shares(volume: int, weights: Sequence[float]) -> list[int]:
    """The volume in whole shares by weight, summing to it exactly: differences of the rounded running total."""
    total = fsum(weights)
    running, given = 0.0, 0
    shares = []
    for weight in weights[:-1]:
        running += weight
        upto = min(volume, round(volume * running / total))
        shares.append(upto - given)
        given = upto
    return [*shares, volume - given]
