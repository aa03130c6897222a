"""Calls to vendors summed up over all time, by vendor and data type: counts and a histogram of response times.  Reading only.

These sums only ever grow; see sql/functions/count_attempts.sql for how they are kept.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from market_pipeline.storage.database import Connection

POWERS = range(17)  # bounds of 1 ms to 65.5 s, each twice the one before
STEPS = 4  # buckets of the table between two of these bounds


@dataclass(slots=True)
class AttemptTotals:
    provider: str
    data_type: str
    outcomes: dict[str, int] = field(default_factory=dict)
    """Calls by outcome."""
    total_seconds: float = 0.0
    buckets: list[tuple[float, int]] = field(default_factory=list)
    """Upper bound in seconds, and calls that took no longer; those that took longer than the last bound are in none."""


def attempt_totals(connection: Connection) -> list[AttemptTotals]:
    """Every vendor and data type that was ever asked for, by name."""
    found: dict[tuple[str, str], AttemptTotals] = {}
    for provider, data_type, outcome, calls, response_ms in connection.execute(_COUNTS):
        one = found.setdefault((provider, data_type), AttemptTotals(provider, data_type))
        one.outcomes[outcome] = calls
        one.total_seconds += response_ms / 1000
    histograms: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for provider, data_type, bucket, calls in connection.execute(_LATENCIES):
        histograms[provider, data_type][bucket] = calls
    for key, one in found.items():
        histogram = histograms[key]
        one.buckets = [
            (2**power / 1000, sum(calls for bucket, calls in histogram.items() if bucket <= STEPS * power))
            for power in POWERS
        ]
    return [found[key] for key in sorted(found)]


_COUNTS = "SELECT provider, data_type, outcome, calls, response_ms FROM attempt_counts WHERE period = 'ever'"
_LATENCIES = "SELECT provider, data_type, bucket, calls FROM attempt_latencies WHERE period = 'ever'"
