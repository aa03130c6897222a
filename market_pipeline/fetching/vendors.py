"""Vendors as they may be asked here and now: which are on, with which key, at which address, within which limits.

Here belongs the reading of vendors' settings into clients.  Who is asked first belongs to `strategies`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from market_pipeline.fetching.http import VendorClient
from market_pipeline.providers.base import Provider, Rate
from market_pipeline.settings import ProviderSettings, Settings

SLOTS = 10  # requests in flight at once to a vendor that has no other figure


@dataclass(frozen=True, slots=True)
class Vendor:
    """A provider that may be asked: with its client, and with the settings applied."""

    provider: Provider
    client: VendorClient
    limits: tuple[Rate, ...]
    interval: float
    """Seconds between two requests."""
    slots: int = SLOTS
    """Requests in flight at once, all processes together."""

    @property
    def name(self) -> str:
        return self.provider.name


def may_be_asked(provider: Provider, own: ProviderSettings, simulated: bool) -> bool:
    """Whether a vendor is enabled and has a key where it needs one; the simulator takes any."""
    return own.enabled and (simulated or not provider.needs_key or own.api_key is not None)


def configured_vendors(
    providers: Mapping[str, Provider],
    settings: Settings,
    own: Mapping[str, ProviderSettings],
    *,
    simulator_url: str | None,
    clock: Callable[[], datetime],
) -> dict[str, Vendor]:
    """The vendors that are enabled and have a key where they need one.

    With `simulator_url` every vendor is the simulator's, which takes any key and allows so many times the free plans'
    calls: no real key, address or limit is used.
    """
    found = {}
    for name, provider in providers.items():
        if not may_be_asked(provider, own[name], simulator_url is not None):
            continue
        key = _key(own[name]) if simulator_url is None else "simulated" if provider.needs_key else None
        client = VendorClient(
            provider,
            key=key,
            base_url=own[name].base_url if simulator_url is None else f"{simulator_url}/{name}",
            timeout=settings.request_timeout_seconds,
            connections=settings.fetch_concurrency,
            clock=clock,
        )
        factor = 1.0 if simulator_url is None else settings.simulator_rate_factor
        found[name] = Vendor(
            provider,
            client,
            limits=_limits(provider, own[name], factor),
            interval=_interval(provider, own[name], factor),
            slots=_slots(own[name]),
        )
    return found


def _key(own: ProviderSettings) -> str | None:
    return None if own.api_key is None else own.api_key.get_secret_value()


def _limits(provider: Provider, own: ProviderSettings, factor: float) -> tuple[Rate, ...]:
    if own.limits is not None:  # somebody's own plan: exactly that
        return tuple(Rate(calls, seconds) for calls, seconds in own.limits)
    return tuple(Rate(int(rate.calls * factor), rate.seconds) for rate in provider.limits)


def _interval(provider: Provider, own: ProviderSettings, factor: float) -> float:
    return provider.interval / factor if own.interval_seconds is None else own.interval_seconds


def _slots(own: ProviderSettings) -> int:
    return SLOTS if own.max_in_flight is None else own.max_in_flight
