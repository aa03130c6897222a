"""Sensors: what happens in the database or to runs, and something has to follow from it.  One a module.

Each is a pure decision about what was read, and a thin shell around it that reads, asks and writes its cursor last.
"""

import dagster as dg

from market_pipeline.sensors.alerts import alerts_sensor
from market_pipeline.sensors.automation import automation_sensor
from market_pipeline.sensors.failed_runs import failed_runs_sensor
from market_pipeline.sensors.failed_symbols import failed_symbols_sensor
from market_pipeline.sensors.freshness import freshness_sensor
from market_pipeline.sensors.onboarding import onboarding_sensor
from market_pipeline.sensors.run_status import run_status_sensor
from market_pipeline.sensors.symbols import symbols_sensor

SENSORS: list[dg.SensorDefinition] = [
    symbols_sensor,
    onboarding_sensor(),
    failed_symbols_sensor(),
    freshness_sensor(),
    run_status_sensor,
    failed_runs_sensor(),
    automation_sensor,
    alerts_sensor(),
]
