"""What is computed follows what it is computed from: the conditions that assets declare are evaluated here, and only here."""

import dagster as dg

automation_sensor = dg.AutomationConditionSensorDefinition(
    "automation_sensor",
    target=dg.AssetSelection.all(),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Evaluates automation conditions: features follow changed prices, the universe follows an index.",
)
