"""Every setting, once: its environment variable, type, default and meaning.

Values come from the environment, then from `.env` in the working directory.  Vendors' settings have the vendor's name
as prefix (FINNHUB_API_KEY) and one shape.  A wrong value is refused at start, by name, with what is accepted.
What a setting does belongs to the module that is given it; nothing else in the project reads the environment.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from market_pipeline.datasets.index_constituents import INDICES

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MOST_DAYS_KEPT = 3_650  # ten years of tracking


class SettingsError(Exception):
    """A setting has a value that cannot be used; the message names it and says what is accepted."""


def in_checkout() -> bool:
    """Whether this code runs from a checkout, and not from an installed package."""
    return (PROJECT_ROOT / "pyproject.toml").exists()


def _default_home() -> Path:
    """The checkout; for an installed package a folder of the user's, since site-packages is no place for data."""
    return PROJECT_ROOT if in_checkout() else Path.home() / ".market_pipeline"


class _EnvironmentSettings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    @classmethod
    def load(cls, **options: str) -> Self:
        """Read and check.  Raises SettingsError that names every wrong variable and what it accepts."""
        try:
            return cls(**options)
        except ValidationError as error:
            prefix = options.get("_env_prefix", "")
            raise SettingsError("\n".join(_complaint(prefix, fault) for fault in error.errors())) from None


def _complaint(prefix: str, fault: ErrorDetails) -> str:
    variable = prefix + "_".join(str(part) for part in fault["loc"]).upper()
    given = "" if "KEY" in variable or "URL" in variable else f"={str(fault['input'])[:80]!r}"  # may hold a secret
    return f"{variable}{given}: {fault['msg']}. See .env.example for what it accepts."


def _indices(written: object) -> object:
    """`S&P 500,Dow Jones` as ("S&P 500", "Dow Jones")."""
    if not isinstance(written, str):
        return written
    named = tuple(one.strip() for one in written.split(",") if one.strip())
    if not set(named) <= set(INDICES.values()):
        raise ValueError(f"names of indices are accepted, separated by commas: {','.join(INDICES.values())}")
    return named


class Settings(_EnvironmentSettings):
    """The pipeline's own settings.  A field's variable is its alias, else its name in upper case."""

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL to use instead of the embedded server: postgresql://user:password@host:5432/name",
    )
    home: Path = Field(
        validation_alias="MARKET_PIPELINE_HOME",
        default_factory=_default_home,
        description="folder for the embedded server's data; the checkout, or ~/.market_pipeline when installed",
    )
    data_world: Literal["simulated", "live"] = Field(
        default="simulated",
        description="simulated: every vendor is the built-in simulator; live: the real vendors. A database holds one.",
    )
    simulator_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=8910, description="port of `market-pipeline simulator` on 127.0.0.1"
    )
    simulator_seed: Annotated[int, Field(ge=0)] = Field(default=1, description="which synthetic market is simulated")
    simulator_faults: str = Field(
        default="yahoo:error_rate=0.2",
        description="what goes wrong in the simulator: vendor:fault=value,…;vendor:… (empty value: `none`)",
    )
    simulator_rate_factor: Annotated[float, Field(gt=0, le=10_000)] = Field(
        default=20,
        description="multiplies the free plans' rate limits in the simulator, so that a demo takes seconds and not a day",
    )
    exchange: str = Field(
        default="XNYS", description="exchange whose sessions are the trading days (a code of exchange_calendars)"
    )
    track_indices: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_indices)] = Field(
        default=(),
        description="indices whose members are tracked automatically: S&P 500,Nasdaq 100,Dow Jones",
    )
    enrichment_concurrency: Annotated[int, Field(ge=1, le=32)] = Field(
        default=5, description="symbols that the job enrichment processes at once"
    )
    history_sessions: Annotated[int, Field(ge=0, le=2_500)] = Field(
        default=252, description="trading days of price history that a newly added symbol gets: 252 are a year"
    )
    freshness_runs: Annotated[int, Field(ge=0, le=20)] = Field(
        default=2, description="concurrent runs that refresh stale data; 0: only the schedules fetch"
    )
    consensus_symbols: Annotated[int, Field(ge=0, le=500)] = Field(
        default=10, description="symbols a day whose prices are compared with a second vendor; 0 for none"
    )
    retention_days: Annotated[int, Field(ge=1, le=MOST_DAYS_KEPT)] = Field(
        default=30, description="days to keep tracking data and Dagster's runs; market data is kept for ever"
    )
    alert_urls: SecretStr | None = Field(
        default=None,
        description="where alerts are sent: Apprise URLs such as jsons://host/path or slack://…, separated by spaces",
    )
    fetch_concurrency: Annotated[int, Field(ge=1, le=64)] = Field(
        default=5, description="concurrent requests to one vendor"
    )
    fetch_batch_size: Annotated[int, Field(ge=1, le=500)] = Field(
        default=10, description="symbols in one request, where the vendor takes several"
    )
    request_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        default=30, description="timeout to connect to a vendor and to receive the next bytes"
    )
    fetch_deadline_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=600,
        description="how long a step may wait for vendors whose limits are used up; never longer than its data stays fresh",
    )
    celery_broker_url: SecretStr | None = Field(
        default=None,
        description="Celery broker for workers, redis://… or amqp://…; without one each run executes its own steps",
    )
    celery_lost_after_seconds: Annotated[int, Field(ge=10, le=86_400)] = Field(
        default=7_200,
        description="after how long Redis gives the step of a lost worker to another one; longer than the longest step",
    )
    dagster_url: str = Field(
        default="http://127.0.0.1:3000",
        pattern=r"^https?://",
        description="the Dagster webserver, which the monitor links to and starts runs through",
    )
    monitor_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=8000, description="port of the monitor (`market-pipeline monitor`, `market-pipeline up`)"
    )
    monitor_token: SecretStr | None = Field(
        default=None,
        description="token that the monitor requires; without one it listens on this machine only",
    )

    @property
    def database_address(self) -> str | None:
        """DATABASE_URL as it was given, password included: for `open_database` and nobody else; None without one."""
        return None if self.database_url is None else self.database_url.get_secret_value()

    @property
    def world(self) -> str:
        """Which data a database of these settings may hold: `live`, or `simulated:` and the seed."""
        return "live" if self.data_world == "live" else f"simulated:{self.simulator_seed}"


def _rates(written: object) -> object:
    """`300/60,10/1` as ((300, 60.0), (10, 1.0))."""
    if not isinstance(written, str):
        return written
    if re.fullmatch(r"[1-9]\d*/[1-9]\d*(,[1-9]\d*/[1-9]\d*)*", written.replace(" ", "")) is None:
        raise ValueError("calls/seconds are accepted, several separated by commas: 300/60,10/1")
    pairs = (pair.split("/") for pair in written.replace(" ", "").split(","))
    return tuple((int(calls), float(seconds)) for calls, seconds in pairs)


class ProviderSettings(_EnvironmentSettings):
    """One vendor's settings; the variable is the vendor's name, an underscore and the field's name, in upper case."""

    api_key: SecretStr | None = Field(default=None, description="its API key; vendors that need one are off without it")
    enabled: bool = Field(default=True, description="whether the vendor is used")
    priority: int | None = Field(
        default=None, description="position in every order: lower is earlier; unset keeps the order of routes.py"
    )
    base_url: str | None = Field(
        default=None, pattern=r"^https?://", description="another base URL of the vendor's API (a proxy, a test server)"
    )
    interval_seconds: Annotated[float, Field(ge=0, le=3600)] | None = Field(
        default=None, description="minimum time between two requests; unset keeps the built-in value"
    )
    max_in_flight: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="requests in flight to it, all runs together; unset keeps 10"
    )
    limits: Annotated[tuple[tuple[int, float], ...] | None, NoDecode, BeforeValidator(_rates)] = Field(
        default=None,
        description="calls per seconds of your plan, such as 300/60,10/1; unset keeps the documented free plan",
    )


def load_settings() -> Settings:
    return Settings.load()


def load_provider_settings(provider: str) -> ProviderSettings:
    return ProviderSettings.load(_env_prefix=f"{provider.upper()}_")
