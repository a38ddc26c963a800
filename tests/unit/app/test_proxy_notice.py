"""A word about a proxy that nobody told the server of."""

import httpx
import structlog
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from trunkline.app.proxy_notice import ProxyNotice


async def test_a_near_proxy_that_is_not_trusted_is_told_of_once():
    async def answer(_request):
        return Response("x")

    notice = ProxyNotice(Starlette(routes=[Route("/", answer)]))

    async def ask(source, headers):
        transport = httpx.ASGITransport(app=notice, client=(source, 4000))
        async with httpx.AsyncClient(transport=transport, base_url="http://trunkline.example") as client:
            assert (await client.get("/", headers=headers)).status_code == 200

    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    with structlog.testing.capture_logs() as lines:
        await ask("127.0.0.1", {})
        await ask("8.8.8.8", forwarded)
        assert lines == []
        await ask("127.0.0.1", forwarded)
        await ask("127.0.0.1", forwarded)
        await ask("10.0.0.5", forwarded)
    assert [line["proxy"] for line in lines] == ["127.0.0.1", "10.0.0.5"]
    assert "web.trusted_proxies" in lines[0]["event"]
