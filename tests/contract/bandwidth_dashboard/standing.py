"""The API in an event loop of its own, for properties that are tried hundreds of times."""

import asyncio
import tempfile
from contextlib import contextmanager
from pathlib import Path

import httpx

from contract.bandwidth_dashboard.asking import Asking, credential, credentials
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


@contextmanager
def standing():
    """Yield a function that sends a request; an account with realm desk, user alice and an application is there."""
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as folder:
        database = runner.run(Database.open(Path(folder)))
        store = SqlProvisioningStore(database)
        provisioning = Provisioning(store, StandingClock(), RealmNaming("auth.example.net"), CountedTokens())
        limits = RateLimits(UNLIMITED, UNLIMITED, lambda: 0.0)
        gate = Gate(AccessControl(store, StandingClock()), provisioning, limits)
        routes = build_api(lambda _account_id: (SipAddress("192.0.2.1", 5060),))
        transport = httpx.ASGITransport(HttpGuard(routed(routes), gate, 16 * 1024 * 1024))
        client = httpx.AsyncClient(transport=transport, base_url="http://dashboard.example")

        async def prepare():
            account = await provisioning.accounts.first()
            issued = await provisioning.api_keys.add(account.id, "tests", Role.OPERATOR)
            api = Asking(client, (issued.key.id, issued.secret), account.id)
            await api.post("realms", "<Realm><Realm>desk</Realm><Default>true</Default></Realm>")
            await api.post("sipcredentials", credentials(credential()))
            application = await provisioning.applications.add(account.id, "ivr")
            return api, application.id

        api, application_id = runner.run(prepare())

        def ask(method, path, body):
            return runner.run(api.send(method, path.replace("{application}", application_id), body))

        yield ask
        runner.run(client.aclose())
        runner.run(database.close())
