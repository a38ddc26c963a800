"""A database that cannot be asked, and faults of our own, as the clients of each surface are told of them."""

import sqlite3
import time

import httpx
import psycopg
import pytest
import structlog
from lxml import etree
from psycopg import sql

from contract.native.conftest import CHEAP, UNLIMITED, FakeOperations
from contract.native.conftest import problem as problem_of
from fakes.clock import FakeClock
from fakes.operations import NOW
from trunkline.api.application import build_api
from trunkline.api.authentication import Gate
from trunkline.api.native.application import build_native
from trunkline.api.rate_limit import RateLimits
from trunkline.app.counts import Counts
from trunkline.app.http_guard import HttpGuard
from trunkline.app.http_refusals import routed
from trunkline.dashboard.application import build_dashboard
from trunkline.dashboard.setup_token import SetupToken
from trunkline.domain.role import Role
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.store import database as database_module
from trunkline.store.database import Database
from trunkline.store.provisioning_store import SqlProvisioningStore

PASSWORD = "correct horse battery"
ORIGIN = {"origin": "http://trunkline.example"}


class Nowhere:
    """A ``Reach`` without listeners."""

    every_listener = ()
    in_effect = ()

    def listeners(self, account_id):
        return ()


class Locked:
    """SQLite that another program has locked: everything that writes fails."""

    def __init__(self, folder):
        self._file = folder / database_module.FILE_NAME
        self.reason = "locked"

    def begin(self):
        self._blocker = sqlite3.connect(self._file, isolation_level=None)
        self._blocker.execute("BEGIN IMMEDIATE")

    def end(self):
        self._blocker.close()


class Closed:
    """PostgreSQL that breaks every connection and takes no other: everything fails."""

    def __init__(self, server, url):
        self._server = server
        self._name = url.rpartition("/")[2]
        self.reason = "not currently accepting connections"

    def begin(self):
        self._allow(False)
        self._server.disconnect_all()
        limit = time.monotonic() + 30
        while self._connections():
            assert time.monotonic() < limit
            time.sleep(0.01)

    def end(self):
        self._allow(True)

    def _connections(self):
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
            return connection.execute(statement, [self._name]).fetchone()[0]

    def _allow(self, allowed):
        statement = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(self._name), sql.SQL(str(allowed))))


@pytest.fixture
def outage(request, database_url, data_folder, monkeypatch):
    if database_url:
        return Closed(request.getfixturevalue("postgresql_server"), database_url)
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    return Locked(data_folder)


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
async def gate(outage, database_url, data_folder):
    database = await Database.open(data_folder, database_url)
    store, clock, hashes = SqlProvisioningStore(database), FakeClock(NOW), PasswordHashes(**CHEAP)
    yield Gate(
        AccessControl(store, clock, hashes=hashes),
        Provisioning(store, clock, RealmNaming("auth.example.net"), hashes=hashes),
        RateLimits(UNLIMITED, UNLIMITED, clock.now),
    )
    await database.close()


@pytest.fixture
async def client(gate, counts):
    operations, clock = FakeOperations(), FakeClock(NOW)
    pages = build_dashboard(gate.provisioning, gate.access, operations, Nowhere(), clock, SetupToken())
    routes = [*build_api(lambda _account_id: ()), *build_native(operations, clock), *pages]
    guard = HttpGuard(routed(routes), gate, 16 * 1024 * 1024, counts)
    transport = httpx.ASGITransport(guard, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://trunkline.example") as client:
        yield client


@pytest.fixture
async def asked(gate, client):
    """A request of each surface that writes something."""
    account = await gate.provisioning.accounts.first()
    await gate.provisioning.users.add("root", PASSWORD, is_installer=True)
    key = await gate.provisioning.api_keys.add(account.id, "tests", Role.OWNER)
    auth = (key.key.id, key.secret)

    def xml(number):
        body = f"<Realm><Realm>desk{number}</Realm><Default>true</Default></Realm>"
        kind = {"Content-Type": "application/xml"}
        return client.post(f"/api/accounts/{account.id}/realms", content=body, headers=kind, auth=auth)

    def native(number):
        path = f"/native/v1/accounts/{account.id}/realms"
        return client.post(path, json={"label": f"lab{number}"}, auth=auth)

    def token(_number):
        return client.post("/api/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=auth)

    def page(_number):
        return client.post("/sign-in", data={"name": "root", "password": PASSWORD}, headers=ORIGIN)

    return {"xml": xml, "native": native, "token": token, "page": page}


def xml_refusal(answer):
    assert answer.headers["content-type"] == "application/xml"
    root = etree.fromstring(answer.content)
    assert [child.tag for child in root] == ["ResponseStatus"]
    return root.tag, root.findtext("ResponseStatus/ErrorCode"), root.findtext("ResponseStatus/Description")


async def test_an_outage_is_answered_503_in_each_form_and_over_when_it_is_over(asked, outage, counts):
    for number, ask in enumerate(asked.values()):
        assert (await ask(number)).status_code < 400
    outage.begin()
    try:
        with structlog.testing.capture_logs() as lines:
            answers = {name: await ask(9) for name, ask in asked.items() if name != "token"}
            if "connections" in outage.reason:
                answers["token"] = await asked["token"](9)
    finally:
        outage.end()
    for answer in answers.values():
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"] == "10"
        assert outage.reason not in answer.text
    root, code, sentence = xml_refusal(answers["xml"])
    assert (root, code) == ("RealmResponse", None)
    assert "Try again" in sentence
    assert problem_of(answers["native"]) == (503, "temporarily-unavailable")
    assert answers["page"].headers["content-type"] == "text/html; charset=utf-8"
    assert "Try again" in answers["page"].text
    if "token" in answers:
        assert answers["token"].json()["error"] == "temporarily_unavailable"
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert outage.reason in line["reason"]
    assert "exc_info" not in line
    assert (counts.http_outages, counts.faults) == (len(answers), 0)
    for number, ask in enumerate(asked.values(), 20):
        assert (await ask(number)).status_code < 400


async def test_a_fault_of_ours_is_answered_500_in_each_form(asked, gate, counts, monkeypatch):
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("a secret of ours")

    monkeypatch.setattr(type(gate.provisioning), "realms", Broken(), raising=False)
    monkeypatch.setattr(type(gate.access), "by_password", Broken(), raising=False)
    monkeypatch.setattr(type(gate.access), "issue_token", Broken(), raising=False)
    monkeypatch.setattr(type(gate.provisioning), "acting_as", lambda self, *_: self)
    monkeypatch.delattr(gate.provisioning, "realms", raising=False)
    with structlog.testing.capture_logs() as lines:
        answers = {name: await ask(1) for name, ask in asked.items()}
    for answer in answers.values():
        assert answer.status_code == 500, answer.text
        assert "secret of ours" not in answer.text
        assert "Traceback" not in answer.text
    assert xml_refusal(answers["xml"])[:2] == ("RealmResponse", "1000")
    assert problem_of(answers["native"]) == (500, "internal-error")
    assert answers["token"].json()["error"] == "server_error"
    assert answers["page"].headers["content-type"] == "text/html; charset=utf-8"
    assert len([line for line in lines if line["log_level"] == "error" and line["exc_info"]]) == 4
    assert counts.faults == 4
