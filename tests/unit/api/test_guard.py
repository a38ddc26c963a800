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
    assert answer.headers.get("connection") == (None if announced else "close")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/accounts/1000001/realms", "application/xml"),
        ("/v1.0/accounts/1000001/nothing", "application/xml"),
        ("/native/v1/accounts/1000001/realms", "application/problem+json"),
        ("/api/v2/accounts/1000001/calls", "application/problem+json"),
        ("/api/v1/oauth2/token", "application/json"),
        ("/1000001/credentials", "text/html; charset=utf-8"),
    ],
)
async def test_a_refusal_has_the_form_of_the_surface_that_was_asked(client_from, path, kind):
    client = client_from()
    large = await client.post(path, content=b"x" * 201_000, headers={"Authorization": "Basic eDp5"})
    assert (large.status_code, large.headers["content-type"]) == (413, kind)
    for _ in range(40):
        fast = await client.post(path)
    assert (fast.status_code, fast.headers["content-type"], fast.headers["retry-after"]) == (429, kind, "1")


async def test_a_stranger_with_a_large_body_is_asked_who_he_is_where_programs_sign_in(client):
    for path, status in (
        ("/api/accounts/1000001/sipcredentials", 401),
        ("/native/v1/accounts/1000001/credentials", 401),
        ("/api/v1/oauth2/token", 413),
        ("/sign-in", 413),
    ):
        answer = await client.post(path, content=b"x" * 70_000)
        assert answer.status_code == status
        assert ("www-authenticate" in answer.headers) == (status == 401)


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


async def test_a_fault_of_ours_is_a_500_two_lines_and_counted(client, lines, counts):
    answer = await client.get("/fail")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "RuntimeError" not in answer.text
    fault, request = lines
    assert (fault["log_level"], fault["path"], str(fault["exc_info"])) == (
        "error",
        "/fail",
        "a fault of ours",
    )
    assert (request["event"], request["status"]) == ("request", 500)
    assert (counts.faults, counts.http_outages) == (1, 0)


async def test_an_outage_of_the_database_is_one_line_however_many_it_fails(client, lines, counts):
    for _ in range(5):
        answer = await client.get("/outage")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert "too many connections" not in answer.text
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert (line["reason"], "exc_info" in line) == ("too many connections", False)
    assert (counts.faults, counts.http_outages) == (0, 5)


async def test_who_goes_away_in_the_middle_of_a_body_is_no_fault(application, lines, counts):
    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    asked = {"type": "http", "method": "POST", "path": "/measure", "scheme": "http", "headers": []}
    await application({**asked, "query_string": b"", "client": ("192.0.2.1", 1)}, receive, send)
    assert [line["log_level"] for line in lines] == ["info"]
    assert counts.faults == 0


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


async def test_a_body_with_two_lengths_is_refused(client):
    headers = {"Content-Length": "1", "Transfer-Encoding": "chunked"}
    answer = await client.post("/measure", content=_pieces(1), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")


async def test_a_method_that_is_not_spoken_names_those_that_are(client):
    answer = await client.delete("/measure")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert (await client.options("/framed")).headers["allow"] == "GET, HEAD, OPTIONS"
