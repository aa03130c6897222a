"""What settings make of a vendor."""

from datetime import UTC, datetime
from typing import Any

from market_pipeline.fetching.vendors import Vendor, configured_vendors
from market_pipeline.providers.base import Rate
from market_pipeline.providers.finnhub import Finnhub
from market_pipeline.settings import ProviderSettings, Settings


def configured(**own: Any) -> Vendor:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    given = ProviderSettings(_env_file=None, api_key="k", **own)  # type: ignore[call-arg]
    return configured_vendors(
        {"finnhub": Finnhub()},
        settings,
        {"finnhub": given},
        simulator_url=None,
        clock=lambda: datetime(2026, 11, 20, tzinfo=UTC),
    )["finnhub"]


def test_without_settings_of_its_own_a_vendor_is_asked_as_its_free_plan_allows() -> None:
    vendor = configured()
    assert (vendor.limits, vendor.interval, vendor.slots) == (Finnhub.limits, Finnhub.interval, 10)


def test_somebody_elses_plan_is_taken_exactly() -> None:
    vendor = configured(limits="300/60,20/1", interval_seconds=0.5, max_in_flight=3)
    assert (vendor.limits, vendor.interval, vendor.slots) == ((Rate(300, 60), Rate(20, 1)), 0.5, 3)
