"""The API against its own description: made-up requests get the shapes that OpenAPI promises, and never a 500."""

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from market_pipeline_tests.monitor.conftest import Monitor

EXAMPLES = 8  # of each path and method
CHECKS = [not_a_server_error, response_schema_conformance]


def test_made_up_requests_get_the_shapes_that_are_described(monitor: Monitor) -> None:
    schema = schemathesis.openapi.from_url(f"{monitor.client.base_url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len({operation.definition.raw["operationId"] for operation in operations}) == len(operations) > 20
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def probe(case: schemathesis.Case) -> None:
            case.validate_response(case.call(timeout=30), checks=CHECKS)

        probe()
