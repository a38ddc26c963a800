"""The description of the API, and the page that people read."""

import json
import re

from trunkline.api.native.application import PREFIX
from trunkline.api.native.problem_kinds import ALL_KINDS, FAULT_KINDS, OWN_KINDS
from trunkline.operations.diagnosis import REJECTIONS
from trunkline.provisioning.faults import FaultCode


async def test_the_description_is_openapi_3_1_and_says_everything(client):
    answer = await client.get("/openapi.json")
    document = answer.json()
    assert document["openapi"] == "3.1.0"
    for path, item in document["paths"].items():
        assert path.startswith(PREFIX)
        for operation in item.values():
            name = operation["operationId"]
            assert len(operation["description"]) > 40, name
            assert operation["responses"]["default"], name
            assert "422" not in operation["responses"], name
            declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), name
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


def test_every_fault_has_its_problem():
    assert set(FAULT_KINDS) == set(FaultCode)
    codes = [kind.code for kind in ALL_KINDS]
    assert len(codes) == len(set(codes)) == len(FaultCode) + len(OWN_KINDS)


async def test_the_page_needs_nothing_from_outside(client):
    page = await client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(link.startswith(("/", "#")) for link in links)
    for link in {link for link in links if link.startswith("/")}:
        assert (await client.get(link)).status_code == 200, link
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "'self'" in page.headers["content-security-policy"]


async def test_the_page_has_every_operation_problem_and_rejection(client):
    page = (await client.get("/docs")).text
    document = (await client.get("/openapi.json")).json()
    for item in document["paths"].values():
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in page
    for kind in ALL_KINDS:
        assert f'id="problem-{kind.code}"' in page
    for code in REJECTIONS:
        assert f'id="rejection-{code}"' in page


async def test_the_examples_of_bodies_fit_their_schemas(client, api, desk):
    """What the page shows is sent as it stands; nothing of it may be called malformed."""
    page = (await client.get("/docs")).text
    import html

    shown = re.findall(
        r"-X (\w+) -H 'Content-Type: application/json' \\\n  -d '(.*?)' \"\$SERVER(.*?)\"",
        html.unescape(page),
    )
    assert len(shown) > 20
    for method, body, path in shown:
        where = re.sub(r"{\w+}", "1", path)
        answer = await api.send(method, where, json.loads(body))
        assert answer.status_code != 400, (path, body, answer.text)
        if answer.status_code == 422:
            assert answer.json()["code"] != "invalid-request", (path, body, answer.text)


async def test_no_path_is_one_of_another_dialect(client):
    from trunkline.api.application import build_api

    others = build_api(lambda _account: ())
    document = (await client.get("/openapi.json")).json()
    for path in [*document["paths"], "/docs", "/openapi.json"]:
        for route in others:
            match, _ = route.matches(
                {"type": "http", "method": "GET", "path": path.replace("{account}", "1"), "root_path": ""}
            )
            assert match.value == 0, path
