"""The dashboard on dictionaries, and browsers that hold cookies and forms."""

import re
from html.parser import HTMLParser

import httpx
import pytest
from starlette.applications import Starlette

from fakes.provisioning_store import FakeProvisioningStore
from fakes.provisioning_tokens import StandingClock
from trunkline.dashboard.application import build_dashboard
from trunkline.dashboard.setup_token import SetupToken
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.sip.flow import Listener

PASSWORD = "correct horse battery"
CHEAP = {"passes": 1, "memory_kib": 8}


class Reached:
    """One UDP and one TCP listener."""

    def listeners(self, account_id):
        return tuple(Listener(transport, "0.0.0.0", 5060, "192.0.2.5") for transport in ("udp", "tcp"))

    @property
    def every_listener(self):
        return self.listeners(0)

    @property
    def in_effect(self):
        return (("http", "127.0.0.1:8080"), ("database_url", "********"), ("rtp.advertised_address", ""))


class Html(HTMLParser):
    """The hidden fields of a page, its texts, and every tag with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.texts = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def hidden(self):
        return {
            one["name"]: one["value"]
            for tag, one in self.tags
            if tag == "input" and one.get("type") == "hidden"
        }

    def links(self):
        return [one["href"] for tag, one in self.tags if tag == "a"]


class Browser:
    """Keeps cookies, follows nothing by itself, and sends forms with their token."""

    def __init__(self, application, base="http://desk.example"):
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=base)
        self.base = base

    async def get(self, path, **headers):
        return await self.client.get(path, headers=headers)

    async def send(self, path, fields=None, **headers):
        """Post a form with the token of the visitor's own pages."""
        page = await self.client.get("/me")
        token = Html(page.text).hidden().get("csrf_token", "") if page.status_code == 200 else ""
        return await self.client.post(
            path, data={"csrf_token": token, **(fields or {})}, headers={"origin": self.base, **headers}
        )

    async def sign_in(self, name, password=PASSWORD):
        return await self.client.post(
            "/sign-in", data={"name": name, "password": password}, headers={"origin": self.base}
        )


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def store():
    return FakeProvisioningStore()


@pytest.fixture
def provisioning(store, clock):
    return Provisioning(store, clock, RealmNaming("auth.example.net"), hashes=PasswordHashes(**CHEAP))


@pytest.fixture
def access(store, clock):
    return AccessControl(store, clock, hashes=PasswordHashes(**CHEAP))


@pytest.fixture
def setup():
    return SetupToken()


@pytest.fixture
def operations():
    return None


@pytest.fixture
def application(provisioning, access, operations, clock, setup):
    return Starlette(routes=build_dashboard(provisioning, access, operations, Reached(), clock, setup))


@pytest.fixture
async def account(provisioning):
    return await provisioning.accounts.first()


@pytest.fixture
async def other_account(provisioning, account):
    return await provisioning.accounts.add("Biloxi")


@pytest.fixture
async def realm(provisioning, account):
    return await provisioning.realms.add(account.id, label="desk")


@pytest.fixture
async def users(provisioning, account, other_account):
    """The installer, and one user of each role; strangers belong to the other account."""
    await provisioning.users.add("root", PASSWORD, is_installer=True)
    for role in Role:
        await provisioning.users.add(role.value, PASSWORD, (Membership(account.id, role),))
    await provisioning.users.add("stranger", PASSWORD, (Membership(other_account.id, Role.OWNER),))


@pytest.fixture
def browser(application):
    return Browser(application)


@pytest.fixture
async def operator(browser, users):
    """A browser in which an operator is signed in."""
    assert (await browser.sign_in("operator")).status_code == 303
    return browser
