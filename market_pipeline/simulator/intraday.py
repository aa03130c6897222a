"""A session minute by minute, made only where someone looks.

The day's bar is divided into hours, an hour into five minutes, five minutes into minutes (ticks.divided), so one quote costs
three small divisions and every timeframe adds up to the daily bar exactly. Times are minutes since the open.
"""

from functools import lru_cache
from typing import NamedTuple

from market_pipeline.simulator.dice import Dice
from market_pipeline.simulator.ticks import Ticks, divided, merged

MINUTES = {"1h": 60, "5m": 5, "1m": 1}


class Session(NamedTuple):
    """What is divided: a symbol's whole bar of one session (`key` tells them apart) and how many minutes it has."""

    key: tuple[str, int]
    whole: Ticks
    minutes: int


class Intraday:
    """Parts of sessions, by timeframe or up to a minute."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._hours = lru_cache(maxsize=4096)(self._divide_session)
        self._fives = lru_cache(maxsize=8192)(self._divide_hour)

    def bars(self, session: Session, timeframe: str) -> list[Ticks]:
        """All bars of the session in a timeframe of MINUTES; the last hour is a short one."""
        hours = range(len(self._hours(session)))
        if timeframe == "1h":
            return list(self._hours(session))
        if timeframe == "5m":
            return [bar for hour in hours for bar in self._fives(session, hour)]
        return [
            bar
            for hour in hours
            for five in range(len(self._fives(session, hour)))
            for bar in self._ones(session, hour, five)
        ]

    def between(self, session: Session, start: int, end: int) -> Ticks:
        """The one bar from minute `start`, on an hour or five-minute boundary, to minute `end` > start."""
        parts: list[Ticks] = []
        at = start
        while at < end:
            hour, five = at // 60, at % 60 // 5
            if at % 60 == 0 and min(at + 60, session.minutes) <= end:
                parts.append(self._hours(session)[hour])
                at += 60
            elif at % 5 == 0 and min(at + 5, session.minutes) <= end:
                parts.append(self._fives(session, hour)[five])
                at += 5
            else:
                parts.append(self._ones(session, hour, five)[at % 5])
                at += 1
        return merged(parts)

    def _divide_session(self, session: Session) -> list[Ticks]:
        """Busy after the open and before the close, quiet at noon: the U shape of US equity volume."""
        lengths = _lengths(session.minutes, 60)
        middle = (len(lengths) - 1) / 2 or 1.0
        weights = [length * (1 + 0.9 * ((at - middle) / middle) ** 2) for at, length in enumerate(lengths)]
        return self._divided(session.whole, weights, "hours", *session.key)

    def _divide_hour(self, session: Session, hour: int) -> list[Ticks]:
        lengths = _lengths(min(60, session.minutes - 60 * hour), 5)
        return self._divided(
            self._hours(session)[hour], [float(length) for length in lengths], "fives", *session.key, hour
        )

    def _ones(self, session: Session, hour: int, five: int) -> list[Ticks]:
        length = min(5, session.minutes - 60 * hour - 5 * five)
        return self._divided(self._fives(session, hour)[five], [1.0] * length, "ones", *session.key, hour, five)

    def _divided(self, whole: Ticks, weights: list[float], *key: object) -> list[Ticks]:
        draws = self._dice.uniforms(2 + 3 * len(weights), *key)
        busy = draws[2 + 2 * len(weights) :]
        return divided(whole, [weight * (0.6 + 0.8 * draw) for weight, draw in zip(weights, busy, strict=True)], draws)


def _lengths(minutes: int, step: int) -> list[int]:
    """A span cut into steps, the last one as long as is left."""
    return [min(step, minutes - start) for start in range(0, minutes, step)]
