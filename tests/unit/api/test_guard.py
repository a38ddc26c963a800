"""What stands before every request."""

import logging

import pytest
import structlog

PASSWORD = "correct horse battery"


@pytest.fixture
def lines():
    with structlog.testing.capture_logs() as captured:
        yield captured


async def test_responses_get_protective_header_fields_unless_they_bring_their_own(client):
    plain = await client.post("/measure", content=b"")
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert plain.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in plain.headers
    assert (await client.get("/framed")).headers["x-frame-options"] == "SAMEORIGIN"
    assert (await client.get("/none")).headers["x-frame-options"] == "DENY"


async def test_https_is_told_to_stay_https(client_from):
    answer = await client_from(scheme="https").get("/framed")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def _pieces(count):
    for _ in range(count):
        yield b"x" * 10_000


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("announced", [False, True])
async def test_bodies_are_bounded_and_strangers_more_tightly(client, known, announced):
    headers = {"Cookie": "a=b"} if known else {}
    fits, too_much = (20, 21) if known else (6, 7)
    for pieces, status in ((fits, 200), (too_much, 413)):
        content = b"x" * 10_000 * pieces if announced else _pieces(pieces)
        answer = await client.post("/measure", content=content, headers=headers)
        assert answer.status_code == status
    assert answer.json()["status"] == 413
    assert answer.headers["connection"] == "close"


async def test_an_address_that_asks_too_fast_is_answered_429_before_anything_else(client, client_from, clock):
    for _ in range(40):
        await client.get("/framed")
    refused = await client.get("/framed")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert (await client.get("/health")).status_code == 200
    assert (await client_from("192.0.2.2").get("/framed")).status_code == 200
    clock.time += 1
    assert (await client.get("/framed")).status_code == 200


async def test_each_request_is_a_line_without_its_query(client, key, lines):
    await client.get("/whoami?token=secret", auth=(key.key.id, key.secret))
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("request", "info")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/whoami", 200)
    assert (line["source"], line["principal"]) == ("192.0.2.1", "billing")
    assert line["ms"] >= 0
    assert "secret" not in repr(line)


async def test_watchers_are_logged_at_debug(client, lines):
    await client.get("/health")
    assert [line["log_level"] for line in lines] == ["debug"]


async def test_a_fault_of_ours_is_a_500_and_a_line(client, lines):
    assert (await client.get("/fail")).status_code == 500
    assert [(line["status"], line["path"]) for line in lines] == [(500, "/fail")]


async def test_lines_of_strangers_who_fail_are_bounded(client_from, lines):
    for number in range(1000):
        await client_from(f"2001:db8::{number:x}").get("/none")
    assert 500 <= len(lines) < 900


def test_no_other_logger_writes_requests():
    assert not logging.getLogger("uvicorn.access").handlers


async def test_a_whole_address_as_target_is_its_path_and_its_host_counts(application):
    asked = {
        "method": "GET",
        "scheme": "http",
        "http_version": "1.1",
        "query_string": b"a=1",
        "client": ("192.0.2.1", 1),
    }
    for target, path, host in (
        ("https://desk.example/framed", "/framed", b"desk.example"),
        ("HTTP://desk.example:8080", "/", b"desk.example:8080"),
        ("/framed", "/framed", b"other.example"),
        ("/http://desk.example/framed", "/http://desk.example/framed", b"other.example"),
    ):
        scope = {
            "type": "http", "path": target, "raw_path": target.encode(), "headers": [(b"host", b"other.example")], **asked,
        }  # fmt: skip
        statuses = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message, statuses=statuses):
            statuses.append(message.get("status"))

        await application(scope, receive, send)
        assert (scope["path"], scope["raw_path"], dict(scope["headers"])[b"host"]) == (
            path,
            path.encode(),
            host,
        )
        assert statuses[0] == (200 if path == "/framed" else 404)
