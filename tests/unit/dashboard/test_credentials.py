"""SIP credentials on their pages: forms, what is shown once, and what is listed."""

import re

import pytest

from fakes.operations import FakeBindings, FakeTimeline, binding
from trunkline.dashboard.handover import handover
from trunkline.domain.credential import Credential, hash_pair
from trunkline.domain.directory import Directory
from trunkline.operations.events import EventHub
from trunkline.operations.registrations import Registrations
from trunkline.operations.secret_uses import SecretUses
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.provisioning.credentials import Privileges
from trunkline.provisioning.secret_input import Generated, Password
from trunkline.sip.flow import Listener

from .conftest import Html

NAME = "desk.{label}.auth.example.net"


def form(**fields):
    return {"username": "alice", "secret": "generate", "caller_id_rule": "any", "media": "anchored", **fields}


async def added(provisioning, account, name="alice"):
    return (await provisioning.credentials.add(account.id, name, Generated())).credential


async def test_a_generated_password_is_shown_once_and_fits_what_is_kept(
    operator, provisioning, account, realm
):
    answer = await operator.send(f"/{account.id}/credentials", form())
    assert answer.status_code == 201
    password = re.search(r'id="password">([^<]+)<', answer.text)[1]
    kept = await provisioning.credentials.get(account.id, 1)
    assert kept.secrets[0].md5 == hash_pair("md5", "alice", realm.name, password)
    assert password not in (await operator.get(f"/{account.id}/credentials/1")).text


async def test_hashes_appear_on_no_page(operator, provisioning, account, realm):
    credential = await added(provisioning, account)
    for path in ("credentials", "credentials/1", "credentials/1/rotate"):
        text = (await operator.get(f"/{account.id}/{path}")).text
        assert credential.secrets[0].md5.hash1 not in text


@pytest.mark.parametrize(
    ("fields", "name", "said"),
    [
        ({"username": ""}, "username", "The user name is empty"),
        ({"username": "a b"}, "username", "cannot have the character"),
        ({"username": "alice", "domain": "-"}, "domain", "is no domain"),
        ({"secret": "password", "password": ""}, "password", "The password is empty"),
        ({"secret": "hashes", "hash1": "xyz"}, "hash1", "no hexadecimal digits"),
        ({"secret": "hashes", "hash1": "0" * 32, "hash1b": "1" * 31}, "hash1b", "31 hexadecimal digits"),
        ({"concurrent_calls": "-1"}, "concurrent_calls", "give a number above 0"),
        ({"concurrent_calls": "many"}, "concurrent_calls", "is no number"),
        ({"bindings": "1.5"}, "bindings", "whole number"),
        ({"calls_per_second": "nan"}, "calls_per_second", "is no number"),
        ({"destinations": "1900"}, "destinations", "is no destination"),
        ({"caller_id_rule": "fixed"}, "caller_id", "no number is given"),
        ({"caller_id_rule": "fixed", "caller_id": "12"}, "caller_id", "cannot be used as a number"),
        ({"application": "nowhere"}, "application", "no application"),
        ({"realm": "999"}, "realm", "no realm"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_written(
    operator, provisioning, account, realm, fields, name, said
):
    answer = await operator.send(f"/{account.id}/credentials", form(**fields))
    assert answer.status_code == 422
    html = Html(answer.text)
    (field,) = [one for _, one in html.tags if one.get("id") == name]
    assert field["aria-invalid"] == "true"
    assert f"{name}-error" in field["aria-describedby"].split()
    assert said in html.text
    assert await provisioning.credentials.page(account.id) == []


async def test_what_was_typed_stays_but_never_a_password(operator, account, realm):
    fields = form(username="a b", domain="somewhere.com", secret="password", password="typed in clear")
    answer = await operator.send(f"/{account.id}/credentials", fields)
    assert 'value="somewhere.com"' in answer.text
    assert "typed in clear" not in answer.text


async def test_lists_go_on_where_the_page_before_ended(operator, provisioning, account, realm):
    for index in range(120):
        await added(provisioning, account, f"user{index}")
    seen, path = [], f"/{account.id}/credentials"
    while path:
        html = Html((await operator.get(path)).text)
        seen += [one["href"].rpartition("/")[2] for tag, one in html.tags if one.get("class") == "main-link"]
        path = next((one["href"] for _, one in html.tags if one.get("rel") == "next"), None)
    assert [int(number) for number in seen] == list(range(120, 0, -1))


async def test_a_script_gets_the_rows_alone(operator, provisioning, account, realm):
    await added(provisioning, account)
    await added(provisioning, account, "bob")
    answer = await operator.get(f"/{account.id}/credentials?search=AL", **{"hx-request": "true"})
    assert "<html" not in answer.text
    assert "alice" in answer.text
    assert "bob" not in answer.text


async def test_another_accounts_credential_is_not_there(
    operator, provisioning, account, realm, other_account
):
    await provisioning.realms.add(other_account.id, label="desk")
    foreign = await added(provisioning, other_account)
    for path in ("", "/rotate", "/remove", "/disable"):
        assert (await operator.get(f"/{account.id}/credentials/{foreign.id}{path}")).status_code == 404
    for path in ("", "/rotate", "/remove", "/enabled", "/link"):
        assert (
            await operator.send(f"/{account.id}/credentials/{foreign.id}{path}", form())
        ).status_code == 404
    assert await provisioning.credentials.get(other_account.id, foreign.id) == foreign


async def test_what_is_written_is_in_the_audit_log_with_its_author(operator, store, account, realm):
    await operator.send(f"/{account.id}/credentials", form())
    async with store.reading() as rows:
        newest, *_ = await rows.audit.page(AuditQuery(account_id=account.id))
    assert (newest.actor_name, newest.noun) == ("operator", "credential")


async def test_a_removal_in_use_wants_to_be_agreed_to(operator, provisioning, account, realm):
    await added(provisioning, account)
    await provisioning.numbers.add(account.id, "+15550100199", "alice")
    answer = await operator.send(f"/{account.id}/credentials/1/remove")
    assert answer.status_code == 409
    assert "leads to" in answer.text
    assert (await operator.send(f"/{account.id}/credentials/1/remove", {"force": "yes"})).status_code == 303
    assert await provisioning.numbers.of(account.id) == []


async def test_a_link_for_a_device_works_once_and_not_for_long(
    operator, browser, provisioning, clock, account, realm
):
    credential = await added(provisioning, account)

    async def link():
        answer = await operator.send(f"/{account.id}/credentials/1/link")
        return re.search(r'linphone-config:http://desk\.example(/device/[^"]+)"', answer.text)[1]

    stranger = browser.client
    first = await link()
    second = await link()
    assert (await stranger.get(first)).status_code == 404, "a new link closes the one before"
    assert (await stranger.head(second)).status_code == 405
    settings = await stranger.get(second)
    assert settings.headers["content-type"].startswith("application/xml")
    assert settings.headers["cache-control"] == "no-store"
    assert credential.secrets[0].md5.hash1 in settings.text
    assert (await stranger.get(second)).status_code == 404
    third = await link()
    clock.time += 901
    assert (await stranger.get(third)).status_code == 404


class TestRegistered:
    """With a running server to ask."""

    @pytest.fixture
    def held(self):
        return FakeBindings()

    @pytest.fixture
    def directory(self):
        return Directory()

    @pytest.fixture
    def operations(self, held, directory, clock):
        class Some:
            registrations = Registrations(held, FakeTimeline(), directory, clock)
            secret_uses = SecretUses()
            events = EventHub(clock)

        return Some()

    async def test_devices_are_shown_and_what_they_say_is_text(
        self, operator, provisioning, account, realm, held, directory, operations, clock
    ):
        credential = await added(provisioning, account)
        directory.apply([realm, credential])
        held.held[credential.aor] = [binding(credential.aor, agent='<img src=x onerror="alert(1)">')]
        answer = await operator.get(f"/{account.id}/credentials/1")
        html = Html(answer.text)
        assert '<img src=x onerror="alert(1)">' in html.text
        assert not [one for tag, one in html.tags if tag == "img"]
        operations.secret_uses.used(1, 1, clock.time)
        await operator.send(f"/{account.id}/credentials/1/rotate", {"secret": "generate", "overlap": "3600"})
        assert "Last used" in (await operator.get(f"/{account.id}/credentials/1")).text
        assert "1 device" in Html((await operator.get(f"/{account.id}/credentials")).text).text


def made(username="alice", domain=""):
    return Credential(1, 1, 1, "desk.example", username, domain, ())


def test_commands_survive_any_password():
    settings = handover(made(), (Listener("udp", "192.0.2.5", 5060),), "a'b \"c\\ $d")
    assert "--data-urlencode 'SipAuthPassword=a'\"'\"'b \"c\\ $d'" in settings.curl
    assert 'sip_auth_password="a\'b \\"c\\\\ $d"' in settings.python
    compile(settings.python, "command", "exec")


def test_a_user_with_a_domain_is_escaped_in_addresses_alone():
    settings = handover(made("bob", "somewhere.com"), (Listener("udp", "192.0.2.5", 5060),))
    assert settings.address == "sip:bob%40somewhere.com@desk.example"
    assert "auth_user=bob@somewhere.com;" in settings.baresip
    assert "SipAuthUsername=bob@somewhere.com" in settings.curl


def test_udp_is_recommended_and_web_sockets_are_not():
    listeners = [
        Listener(one, "2001:db8::5", port) for one, port in (("ws", 80), ("tls", 5061), ("udp", 5070))
    ]
    settings = handover(made(), tuple(listeners))
    assert settings.server.uri == "sip:[2001:db8::5]:5070;transport=udp"
    assert settings.to == "sip:+17778889999@desk.example:5070"
    assert handover(made(), tuple(listeners[:1])).server is None


def test_without_its_password_a_placeholder_stands():
    assert "auth_pass=PASSWORD;" in handover(made(), ()).baresip


async def test_privileges_are_kept_when_a_credential_is_switched_off(operator, provisioning, account, realm):
    await provisioning.credentials.add(
        account.id, "alice", Password("pw"), privileges=Privileges(application="")
    )
    await operator.send(f"/{account.id}/credentials/1", form(concurrent_calls="3", destinations="+1 -+1900"))
    await operator.send(f"/{account.id}/credentials/1/enabled", {"enabled": ""})
    kept = await provisioning.credentials.get(account.id, 1)
    assert (kept.limits.concurrent_calls, kept.limits.destinations, kept.enabled) == (
        3,
        ("+1", "-+1900"),
        False,
    )
