"""Vendors as they may be asked here and now: which are on, with which key, at which address.

Here belongs the reading of vendors' settings into clients.  Who is asked first belongs to `strategies`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from market_pipeline.fetching.http import VendorClient
from market_pipeline.providers.base import Provider
from market_pipeline.settings import ProviderSettings, Settings


@dataclass(frozen=True, slots=True)
class Vendor:
    """A provider that may be asked: with its client, and with the settings applied."""

    provider: Provider
    client: VendorClient
    concurrency: int
    interval: float
    """Seconds between two requests."""

    @property
    def name(self) -> str:
        return self.provider.name


def configured_vendors(
    providers: Mapping[str, Provider],
    settings: Settings,
    own: Mapping[str, ProviderSettings],
    *,
    simulator_url: str | None,
    clock: Callable[[], datetime],
) -> dict[str, Vendor]:
    """The vendors that are enabled and have a key where they need one.

    With `simulator_url` every vendor is the simulator's, which takes any key: no real key or address is used.
    """
    found = {}
    for name, provider in providers.items():
        key = None if own[name].api_key is None else own[name].api_key.get_secret_value()  # type: ignore[union-attr]
        if simulator_url is not None:
            key = "simulated" if provider.needs_key else None
        if not own[name].enabled or (provider.needs_key and key is None):
            continue
        client = VendorClient(
            provider,
            key=key,
            base_url=own[name].base_url if simulator_url is None else f"{simulator_url}/{name}",
            timeout=settings.request_timeout_seconds,
            connections=settings.fetch_concurrency,
            clock=clock,
        )
        interval = own[name].interval_seconds
        found[name] = Vendor(
            provider, client, provider.concurrency, provider.interval if interval is None else float(interval)
        )
    return found
