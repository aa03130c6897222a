"""The monitor: an HTTP API, pages and metrics about what Dagster's own UI does not show."""
