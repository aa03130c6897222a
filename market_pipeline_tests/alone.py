"""A gate for tests that are not about the gate: one process' own, without a database."""

from market_pipeline.fetching.local_gate import LocalGate, NotNow
from market_pipeline.fetching.vendors import Vendor
from market_pipeline.providers.errors import ProviderError


class Alone(LocalGate):
    """What a Caller wants of its gate, decided by this process alone."""

    def ask(self, vendor: Vendor, scope: str, *, cost: int, last_resort: bool = False) -> NotNow | None:
        return super().ask(vendor, scope, cost=cost)

    def report(self, vendor: Vendor, scope: str, error: ProviderError | None, *, cost: int = 1) -> None:
        super().report(vendor, scope, error)

    def settle(self, vendor: Vendor) -> None:
        """Nothing is kept ready for anybody else."""
