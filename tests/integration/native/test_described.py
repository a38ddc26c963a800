"""The server answers as its description says, whatever is sent: schemathesis over every operation."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks

from integration.native.conftest import Native
from live_server import LiveServer

EXAMPLES = 12
"""For each operation: some seven hundred requests in all."""

ENDLESS = "stream_events"
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.filterwarnings("default")  # of the tool's own making
def test_every_answer_is_as_it_is_described(server: LiveServer) -> None:
    native = Native(server)
    schema = schemathesis.openapi.from_url(f"{server.http_url}/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.definition.raw["operationId"] == ENDLESS:
            continue

        @seed(20_260_301)
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            case.path_parameters["account"] = native.account_id
            response = case.call(auth=native.auth)
            case.validate_response(response, checks=CHECKS)

        check()
    assert asked > 300
