"""The JSON API on a SQLite file and on a server of dictionaries, asked as clients ask it, but without sockets."""

from dataclasses import dataclass

import httpx
import pytest

from fakes.clock import FakeClock
from fakes.operations import (
    NOW,
    OURS,
    THEIRS,
    FakeBindings,
    FakeCalls,
    FakeCdrs,
    FakeTimeline,
    binding,
    cdr,
    directory,
    live_call,
)
from trunkline.api.authentication import Gate
from trunkline.api.native.application import build_native
from trunkline.api.rate_limit import Rate, RateLimits
from trunkline.app.http_guard import HttpGuard
from trunkline.app.http_refusals import routed
from trunkline.calls.limits import LimitTable
from trunkline.domain.account import Account
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.domain.rejection import APPLICATION_UNAVAILABLE
from trunkline.domain.role import Role
from trunkline.domain.trunk import Trunk
from trunkline.operations.attempts import AttemptFinder
from trunkline.operations.calls import Calls
from trunkline.operations.capture import Capture
from trunkline.operations.cdrs import Cdrs
from trunkline.operations.diagnosis import REJECTIONS, DiagnosisOfRefusals
from trunkline.operations.dry_run import DryRun
from trunkline.operations.events import EventHub
from trunkline.operations.ladders import LadderPolicy, Ladders
from trunkline.operations.overview import Overview
from trunkline.operations.registrations import Registrations
from trunkline.operations.secret_uses import SecretUses
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.hashes import hash_forms
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.registrar.location import BindingTable, NoJournal
from trunkline.routing.decision import Router
from trunkline.routing.trunk_selection import TrunkRestTable
from trunkline.store.database import Database
from trunkline.store.provisioning_store import SqlProvisioningStore

CHEAP = {"passes": 1, "memory_kib": 8}
UNLIMITED = Rate(0, 1)
ALICE = "alice@atlanta.example"
BOB = "bob@biloxi.example"
"""Bob, his calls and his registrations are another account's."""


class NoLadders:
    """A ``LadderStore`` without any."""

    async def keep(self, ladders):
        pass

    async def find(self, call_id):
        return None

    async def trim(self, most, oldest):
        pass


class CallsNow:
    """A ``CallsNow`` of a server with nothing to do."""

    def why_closed(self):
        return None

    def why_not(self, holder, limits, now):
        return LimitTable().why_not(holder, limits, now)

    def trunk_rests_s(self, trunk_id, now):
        return 0.0

    def resting_addresses(self, trunk_id, now):
        return {}

    def why_no_application(self, application, called):
        return APPLICATION_UNAVAILABLE

    def counts(self):
        return {OURS: 1, THEIRS: 5}

    def trunk_calls(self, trunk_id):
        return 1


class NoSamples:
    """A ``SampleStore`` without any."""

    async def write(self, samples):
        pass

    async def load(self, since):
        return []

    async def trim(self, before):
        pass


def refusal(aor):
    detail = f"wrong-password: {REJECTIONS['wrong-password'].sentence}"
    return RegistrationEvent(
        NOW, aor, RegistrationEventKind.REFUSED, "sip:x", "udp:192.0.2.10:5060", "Phone/\udc80", detail
    )


class FakeOperations:
    """``Operations`` on dictionaries: in each, something of ours and something of theirs."""

    def __init__(self):
        clock = FakeClock(NOW)
        known = directory()
        known.apply([Account(OURS, "a", "", "US", NOW), Account(THEIRS, "b", "", "US", NOW)])
        calls = FakeCalls(live_call("our-call"), live_call("their-call", THEIRS))
        cdrs = FakeCdrs(
            cdr("our-past", rejection="no-trunk", caller="=cmd()"),
            cdr("their-past", THEIRS, rejection="no-trunk"),
        )
        timeline = FakeTimeline(refusal(ALICE), refusal(BOB))
        self.events = EventHub(clock)
        self.bindings = FakeBindings(binding(ALICE, agent="Phone/\udc80"), binding(BOB))
        self.registrations = Registrations(self.bindings, timeline, known, clock)
        self.live = calls
        self.calls = Calls(calls)
        self.cdrs = Cdrs(cdrs)
        self.secret_uses = SecretUses()
        self.ladders = Ladders(
            capture=Capture(clock, 1, 3600), live=calls, cdrs=cdrs, store=NoLadders(), mask=lambda data: data,
            clock=clock, policy=LadderPolicy(),
        )  # fmt: skip
        router = Router(known, BindingTable(NoJournal()), TrunkRestTable(), lambda: 0.5)
        self.dry_run = DryRun(known, router, CallsNow(), clock)
        known.apply([Trunk(3, OURS, "chicago", ()), Trunk(4, THEIRS, "denver", ())])
        self.overview = Overview(
            bindings=self.bindings,
            calls=CallsNow(),
            directory=known,
            events=self.events,
            store=NoSamples(),
            clock=clock,
        )
        self.diagnosis = DiagnosisOfRefusals(
            directory=known, timeline=timeline, cdrs=cdrs, events=self.events, attempts=AttemptFinder(None),
            forms=hash_forms,
        )  # fmt: skip


@pytest.fixture
def store_url():
    """SQLite; modules that ask more of a database have another one besides."""
    return ""


@pytest.fixture
async def database(data_folder, store_url):
    database = await Database.open(data_folder, store_url)
    yield database
    await database.close()


@pytest.fixture
async def store(database):
    return SqlProvisioningStore(database)


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
async def provisioning(store, clock):
    return Provisioning(store, clock, RealmNaming("auth.example.net"), hashes=PasswordHashes(**CHEAP))


@pytest.fixture
async def account(provisioning):
    account = await provisioning.accounts.first()
    assert account.id == OURS
    return account


@pytest.fixture
async def foreign(provisioning, account):
    return await provisioning.accounts.add("Biloxi")


@pytest.fixture
def operations():
    return FakeOperations()


@pytest.fixture
def of_principal():
    return UNLIMITED


@pytest.fixture
def application(provisioning, store, operations, clock, of_principal):
    access = AccessControl(store, clock, hashes=PasswordHashes(**CHEAP))
    gate = Gate(access, provisioning, RateLimits(of_principal, UNLIMITED, clock.now))
    return HttpGuard(routed(build_native(operations, clock)), gate, 16 * 1024 * 1024)


@pytest.fixture
async def client(application):
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://native.example") as client:
        yield client


@dataclass
class Asking:
    """Sends requests of one principal; paths are below an account unless they begin with a slash."""

    client: httpx.AsyncClient
    auth: tuple[str, str] | None
    account_id: int

    def path(self, path, account_id=None):
        if path.startswith("/"):
            return f"/native/v1{path}"
        return f"/native/v1/accounts/{account_id or self.account_id}/{path}".rstrip("/")

    async def send(self, method, path, document=None, *, account_id=None, **options):
        if document is not None:
            options["json"] = document
        options.setdefault("auth", self.auth)
        url = path if path.startswith("/native") else self.path(path, account_id)
        return await self.client.request(method, url, **options)

    async def get(self, path, **options):
        return await self.send("GET", path, **options)

    async def post(self, path, document=None, **options):
        return await self.send("POST", path, document, **options)

    async def patch(self, path, document, **options):
        return await self.send("PATCH", path, document, **options)

    async def delete(self, path, **options):
        return await self.send("DELETE", path, **options)


@pytest.fixture
async def asking_as(provisioning, account, client):
    """Ask in a role of the first account, by an API key."""

    async def asking_as(role, account_id=None):
        issued = await provisioning.api_keys.add(account_id or account.id, f"{role.value}", role)
        return Asking(client, (issued.key.id, issued.secret), account.id)

    return asking_as


@pytest.fixture
async def api(asking_as):
    return await asking_as(Role.OWNER)


@pytest.fixture
async def desk(api):
    """The default realm."""
    answer = await api.post("realms", {"name": "atlanta.example"})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def alice(api, desk):
    """Alice, as she was answered."""
    answer = await api.post("credentials", {"username": "alice", "password": "correct-horse"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def problem(answer):
    """Status and code of a refusal, whose form is checked."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"/docs#problem-{document['code']}"
    assert document["title"]
    assert document["detail"]
    assert document["cure"]
    assert "trunkline " not in document["detail"]
    return answer.status_code, document["code"]


def fields(answer):
    """The names of the fields that a refusal complains of."""
    return [error["field"] for error in answer.json()["errors"]]
