"""Randomness that is a pure function of what it is for.

Every number in the synthetic market is drawn here from a hash of (seed, purpose, symbol, …), so the same question has
the same answer in every process, in any order, on any machine. Nothing here knows about markets. `hash()` and
`random.Random` are not used: the first differs between processes, the second would make answers depend on their order.

The draws use integer arithmetic, addition and multiplication only, never a C library's `log` or `cos`, whose last
bit differs between platforms.
"""

import struct
from collections.abc import Sequence
from hashlib import shake_256
from typing import TypeVar

Choice = TypeVar("Choice")

_TWO_POW_32 = 4294967296
_BELL_MEAN = 4 * 65535 / 2  # of the sum of four 16-bit draws
_BELL_SCALE = 3**0.5 / 65536  # brings the variance of that sum (4/12) to 1


class Dice:
    """Draws for one seed. A key is any sequence of strings, numbers and dates, told apart by their `str`."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def digest(self, length: int, *key: object) -> bytes:
        """`length` reproducible bytes for this key."""
        text = "\x1f".join([str(self._seed), *map(str, key)])
        return shake_256(text.encode()).digest(length)

    def uniforms(self, count: int, *key: object) -> list[float]:
        """`count` independent draws, uniform on [0, 1)."""
        words = struct.unpack(f"<{count}I", self.digest(4 * count, *key))
        return [word / _TWO_POW_32 for word in words]

    def bells(self, count: int, *key: object) -> list[float]:
        """`count` independent bell-shaped draws: mean 0, variance 1, never beyond ±3.47.

        The sum of four uniform draws (the Irwin–Hall distribution), which stays close to a normal distribution and,
        being bounded, cannot make a price negative.
        """
        words = struct.unpack(f"<{4 * count}H", self.digest(8 * count, *key))
        quads = zip(words[0::4], words[1::4], words[2::4], words[3::4], strict=True)
        return [(a + b + c + d - _BELL_MEAN) * _BELL_SCALE for a, b, c, d in quads]

    def uniform(self, low: float, high: float, *key: object) -> float:
        """One draw, uniform on [low, high)."""
        return low + (high - low) * self.uniforms(1, *key)[0]

    def integer(self, low: int, high: int, *key: object) -> int:
        """One whole number from low to high, both included."""
        return low + int(self.uniforms(1, *key)[0] * (high - low + 1))

    def pick(self, choices: Sequence[Choice], *key: object) -> Choice:
        """One of the choices, all equally likely."""
        return choices[int(self.uniforms(1, *key)[0] * len(choices))]
