"""A gate for tests that are not about the gate: one process' own, without a database."""

from market_pipeline.fetching.local_gate import LocalGate, NotNow
from market_pipeline.fetching.vendors import Vendor


class Alone(LocalGate):
    """What a Caller wants of its gate, decided by this process alone."""

    def ask(self, vendor: Vendor, scope: str, *, cost: int, last_resort: bool = False) -> NotNow | None:
        return super().ask(vendor, scope, cost=cost)

    def settle(self, vendor: Vendor) -> None:
        """Nothing is kept ready for anybody else."""
