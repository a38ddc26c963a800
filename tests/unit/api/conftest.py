"""The gate on dictionaries, and an application that tells whom it knows."""

import httpx
import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fakes.provisioning_store import FakeProvisioningStore
from fakes.provisioning_tokens import CountedTokens, StandingClock
from trunkline.api.authentication import Gate, acting, authenticate
from trunkline.api.oauth import token_routes
from trunkline.api.rate_limit import Rate, RateLimits
from trunkline.app.counts import Counts
from trunkline.app.http_guard import HttpGuard
from trunkline.app.http_refusals import routed
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming

PASSWORD = "correct horse battery"
MAX_BODY = 200_000


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def gate(clock):
    store, tokens = FakeProvisioningStore(), CountedTokens()
    hashes = PasswordHashes(passes=1, memory_kib=8)
    return Gate(
        AccessControl(store, clock, tokens, hashes),
        Provisioning(store, clock, RealmNaming("auth.example.net"), tokens, hashes=hashes),
        RateLimits(Rate(10.0, 20.0), Rate(20.0, 40.0), clock.now),
    )


@pytest.fixture
async def account(gate):
    return await gate.provisioning.accounts.first()


@pytest.fixture
async def alice(gate, account):
    await gate.provisioning.users.add("root", None)
    role = (Membership(account.id, Role.OPERATOR),)
    return (await gate.provisioning.users.add("alice", PASSWORD, role)).user


@pytest.fixture
async def key(gate, account):
    return await gate.provisioning.api_keys.add(account.id, "billing", Role.VIEWER)


async def whoami(request):
    principal = await authenticate(request)
    again = await authenticate(request)
    assert principal == again
    if principal is None:
        return JSONResponse(None, 401)
    return JSONResponse([principal.kind.value, principal.id, acting(request, principal).principal.name])


async def measure(request):
    return PlainTextResponse(str(len(await request.body())))


async def framed(_request):
    return Response("x", headers={"X-Frame-Options": "SAMEORIGIN"})


async def fail(_request):
    raise RuntimeError("a fault of ours")


async def outage(_request):
    raise OperationalError("SELECT 1", {}, psycopg.OperationalError("too many connections"))


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
def application(gate, counts):
    routes = [
        *token_routes(),
        Route("/whoami", whoami),
        Route("/measure", measure, methods=["POST"]),
        Route("/framed", framed),
        Route("/fail", fail),
        Route("/outage", outage),
        Route("/health", framed),
    ]
    return HttpGuard(routed(routes), gate, MAX_BODY, counts)


@pytest.fixture
def client_from(application):
    """A client at an address."""

    def client(source="192.0.2.1", scheme="http"):
        transport = httpx.ASGITransport(app=application, client=(source, 40_000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://trunkline.example")

    return client


@pytest.fixture
def client(client_from):
    return client_from()
