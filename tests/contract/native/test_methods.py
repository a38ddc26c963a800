"""HEAD, OPTIONS, and methods that are not spoken; bodies that are compressed."""

import gzip

from contract.native.conftest import problem


async def test_head_is_get_without_a_body(api, desk):
    for path in ("realms", "credentials", "/me"):
        got, head = await api.get(path), await api.send("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert head.headers["content-type"] == got.headers["content-type"]
    assert (await api.send("HEAD", "realms", auth=None)).status_code == 401


async def test_head_of_a_stream_ends(api, operations):
    head = await api.send("HEAD", "events")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_options_and_405_name_every_method_of_the_path(api, desk):
    for path, allowed in (
        ("realms", "GET, HEAD, POST, OPTIONS"),
        ("realms/desk", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("dry-run", "POST, OPTIONS"),
    ):
        options = await api.send("OPTIONS", path)
        assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")
        refused = await api.send("PUT", path)
        assert problem(refused) == (405, "method-not-allowed")
        assert refused.headers["allow"] == allowed
    assert problem(await api.send("OPTIONS", "/nowhere")) == (404, "not-found")


async def test_compressed_bodies_are_refused(api, desk):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await api.send("POST", "realms", content=gzip.compress(b"{}"), headers=headers)
    assert problem(answer) == (415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity"
