"""The API on a SQLite file, asked as clients ask it, but without sockets."""

import httpx
import pytest

from contract.bandwidth_dashboard.asking import Asking
from fakes.provisioning_tokens import CountedTokens, StandingClock
from trunkline.api.application import build_api
from trunkline.api.authentication import Gate
from trunkline.api.bandwidth_dashboard.edge_management import SipAddress
from trunkline.api.rate_limit import Rate, RateLimits
from trunkline.app.http_guard import HttpGuard
from trunkline.app.http_refusals import routed
from trunkline.domain.role import Role
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.store.database import Database
from trunkline.store.provisioning_store import SqlProvisioningStore

UNLIMITED = Rate(0, 1)


@pytest.fixture
async def store(data_folder):
    database = await Database.open(data_folder)
    yield SqlProvisioningStore(database)
    await database.close()


@pytest.fixture
async def provisioning(store):
    return Provisioning(store, StandingClock(), RealmNaming("auth.example.net"), CountedTokens())


@pytest.fixture
async def account(provisioning):
    return await provisioning.accounts.first()


@pytest.fixture
async def foreign(provisioning, account):
    return await provisioning.accounts.add("Biloxi")


@pytest.fixture
def application(provisioning, store):
    gate = Gate(
        AccessControl(store, StandingClock()),
        provisioning,
        RateLimits(UNLIMITED, UNLIMITED, lambda: 0.0),
    )
    addresses = (SipAddress("192.0.2.1", 5006), SipAddress("192.0.2.2", 5006))
    routes = build_api(lambda _account_id: addresses)
    return HttpGuard(routed(routes), gate, 16 * 1024 * 1024)


@pytest.fixture
async def client(application):
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://dashboard.example") as client:
        yield client


@pytest.fixture
async def asking_as(provisioning, account, client):
    """Ask in a role of the first account, by an API key."""

    async def asking_as(role, **arguments):
        issued = await provisioning.api_keys.add(account.id, f"{role.value} {len(arguments)}", role)
        return Asking(client, (issued.key.id, issued.secret), account.id, **arguments)

    return asking_as


@pytest.fixture
async def api(asking_as):
    return await asking_as(Role.OPERATOR)


@pytest.fixture
async def desk(api):
    """The default realm, as it was answered."""
    answer = await api.post("realms", "<Realm><Realm>desk</Realm><Default>true</Default></Realm>")
    assert answer.status == 201
    return answer.one("Realm")
