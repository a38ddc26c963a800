"""Users, keys, the audit log and settings on their pages; and what an owner of one account may not do to others."""

import re

import pytest

from fakes.running_desk import HOSTILE
from trunkline.dashboard.audit_pages import said
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.provisioning.access_ports import AuditQuery

from .conftest import PASSWORD, Browser, Html


@pytest.fixture
async def owner(browser, users):
    assert (await browser.sign_in("owner")).status_code == 303
    return browser


async def test_a_user_is_added_with_a_password_that_is_shown_once(application, owner, account, provisioning):
    answer = await owner.send(f"/{account.id}/users", {"name": "dora", "role": "viewer"})
    password = re.search(r'data-copy="([^"]+)"', answer.text)[1]
    assert (await provisioning.users.find("dora")).memberships == (Membership(account.id, Role.VIEWER),)
    assert (await Browser(application).sign_in("dora", password)).status_code == 303
    user = await provisioning.users.find("dora")
    assert password not in (await owner.get(f"/{account.id}/users/{user.id}")).text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "two words", "role": "viewer"}, "name"),
        ({"name": "OPERATOR", "role": "viewer"}, "name"),
        ({"name": "dora", "role": "king"}, "role"),
        ({"name": "dora", "role": "viewer", "password": "short"}, "password"),
    ],
)
async def test_what_is_wrong_with_a_user_is_told_beside_the_field(owner, account, fields, wrong):
    answer = await owner.send(f"/{account.id}/users", fields)
    assert answer.status_code == 422
    tags = Html(answer.text).tags
    assert [one for _, one in tags if one.get("name") == wrong and one.get("aria-invalid")]


async def test_roles_change_and_browsers_are_signed_out(application, owner, account, provisioning):
    viewer = await provisioning.users.find("viewer")
    path = f"/{account.id}/users/{viewer.id}"
    theirs = Browser(application)
    await theirs.sign_in("viewer")
    await owner.send(path, {"role": "operator"})
    assert (await provisioning.users.find("viewer")).memberships[0].role is Role.OPERATOR
    assert (await owner.send(path, {"role": "none"})).status_code == 422
    answer = await owner.send(f"{path}/password")
    password = re.search(r'data-copy="([^"]+)"', answer.text)[1]
    assert (await theirs.get(f"/{account.id}/")).status_code == 303
    assert (await theirs.sign_in("viewer", password)).status_code == 303
    await owner.send(f"{path}/enabled", {"enabled": ""})
    assert (await theirs.get(f"/{account.id}/")).status_code == 303
    await owner.send(f"{path}/remove")
    assert [user.name for user in await provisioning.users.of(account.id)] == ["operator", "owner"]


async def test_who_has_another_account_is_taken_out_of_this_one_alone(
    owner, account, other_account, provisioning
):
    both = (Membership(account.id, Role.VIEWER), Membership(other_account.id, Role.OWNER))
    user = (await provisioning.users.add("both", PASSWORD, both)).user
    path = f"/{account.id}/users/{user.id}"
    for what in ("password", "enabled"):
        answer = await owner.send(f"{path}/{what}")
        assert answer.status_code == 403, "a use case forbids it"
        assert "Not allowed" in answer.text
    await owner.send(f"{path}/remove")
    assert (await provisioning.users.find("both")).memberships == both[1:]
    assert (await owner.get(path)).status_code == 404


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(owner, account, provisioning, access, clock):
    answer = await owner.send(f"/{account.id}/keys", {"name": "billing", "role": "viewer", "lifetime": "90"})
    key_id, secret = re.findall(r'data-copy="([^"]+)"', answer.text)
    assert (await access.by_key(key_id, secret)).memberships == (Membership(account.id, Role.VIEWER),)
    (key,) = await provisioning.api_keys.of(account.id)
    assert key.expires_at == clock.now() + 90 * 86_400
    page = await owner.get(f"/{account.id}/users")
    assert "billing" in page.text
    assert secret not in page.text
    assert (await owner.send(f"/{account.id}/keys/{key_id}/revoke")).status_code == 303
    clock.time += 5
    assert await access.by_key(key_id, secret) is None
    for fields in (
        {"name": "", "role": "viewer"},
        {"name": "x"},
        {"name": "x", "role": "viewer", "lifetime": "9"},
    ):
        assert (await owner.send(f"/{account.id}/keys", fields)).status_code == 422
    assert (await owner.get(f"/{account.id}/keys/other/revoke")).status_code == 404


async def test_the_audit_log_tells_who_changed_what_from_what(owner, account, realm):
    await owner.send(f"/{account.id}/realms/{realm.id}", {"description": HOSTILE})
    await owner.send(f"/{account.id}/realms/{realm.id}", {"description": "second", "default": "yes"})
    html = Html((await owner.get(f"/{account.id}/audit?noun=realm&actor=owner")).text)
    assert f"{HOSTILE.strip()[:25]}" in html.text
    assert "second" in html.text
    assert not [one for tag, one in html.tags if tag == "script" and "src" not in one]
    assert "Nothing fits" in Html((await owner.get(f"/{account.id}/audit?actor=nobody")).text).text


async def test_the_audit_log_goes_on_page_by_page(owner, account, realm):
    for number in range(60):
        await owner.send(f"/{account.id}/realms/{realm.id}", {"description": f"number {number}"})
    html = Html((await owner.get(f"/{account.id}/audit?noun=realm")).text)
    assert "number 59" in html.text
    following = next(one["href"] for _, one in html.tags if one.get("rel") == "next")
    rest = Html((await owner.get(following, **{"hx-request": "true"})).text).text
    assert "number 3" in rest
    assert "number 59" not in rest


async def test_only_the_installer_reads_everybodys_audit_log(
    application, owner, account, other_account, provisioning
):
    await provisioning.realms.add(other_account.id, label="secretive")
    assert "secretive" not in (await owner.get(f"/{account.id}/audit?everywhere=yes")).text
    root = Browser(application)
    await root.sign_in("root")
    assert "secretive" in (await root.get(f"/{account.id}/audit?everywhere=yes")).text
    assert "secretive" not in (await root.get(f"/{account.id}/audit")).text


async def test_the_account_is_renamed_moved_and_hides_its_hashes(owner, account, provisioning):
    fields = {"name": "Atlanta", "country": "de", "masks_hashes": "yes"}
    assert (await owner.send(f"/{account.id}/settings", fields)).status_code == 303
    changed = await provisioning.accounts.get(account.id)
    assert (changed.name, changed.country, changed.masks_hashes) == ("Atlanta", "DE", True)
    answer = await owner.send(f"/{account.id}/settings", {"name": "", "country": "Atlantis"})
    assert answer.status_code == 422
    assert (await provisioning.accounts.get(account.id)).name == "Atlanta"


async def test_the_installation_is_shown_to_its_owner_alone(application, owner, account, provisioning):
    assert "Settings in effect" not in (await owner.get(f"/{account.id}/settings")).text
    assert (
        await owner.send(f"/{account.id}/settings/accounts", {"name": "x", "country": "US"})
    ).status_code == 403
    root = Browser(application)
    await root.sign_in("root")
    text = Html((await root.get(f"/{account.id}/settings")).text).text
    assert "database_url ********" in text
    assert "rtp.advertised_address not set" in text
    await root.send(f"/{account.id}/settings/accounts", {"name": "Chicago", "country": "us"})
    assert [one.name for one in await provisioning.accounts.all()][-1] == "Chicago"


async def test_one_of_ones_own_browsers_is_signed_out(application, owner, account):
    other = Browser(application)
    await other.sign_in("owner")
    stranger = Browser(application)
    await stranger.sign_in("operator")
    html = Html((await owner.get("/me")).text)
    (name,) = [one["value"] for _, one in html.tags if one.get("name") == "sign_in"]
    await stranger.send("/me/sign-out-one", {"sign_in": name})
    assert (await other.get(f"/{account.id}/")).status_code == 200, "it is not the stranger's"
    await owner.send("/me/sign-out-one", {"sign_in": ""})
    await owner.send("/me/sign-out-one", {"sign_in": name})
    assert (await other.get(f"/{account.id}/")).status_code == 303
    assert (await owner.get(f"/{account.id}/")).status_code == 200


async def test_what_a_page_changes_stands_in_the_log_with_its_address(owner, account, realm, provisioning):
    await owner.send(f"/{account.id}/realms/{realm.id}", {"description": "front"})
    (entry, *_) = await provisioning.audit.page(AuditQuery(account_id=account.id))
    assert (entry.actor_name, entry.source, entry.noun) == ("owner", "127.0.0.1", "realm")


async def test_nobody_locks_himself_out_by_a_click(owner, account, provisioning):
    user = await provisioning.users.find("owner")
    html = Html((await owner.get(f"/{account.id}/users/{user.id}")).text)
    assert "This is you" in html.text
    actions = {one["action"] for tag, one in html.tags if tag == "form"}
    assert f"/{account.id}/users/{user.id}" not in actions
    assert f"/{account.id}/users/{user.id}/remove" not in html.links()


async def test_an_owner_takes_no_rights_from_himself_by_a_hand_made_form(owner, account, provisioning):
    await provisioning.users.add("second", PASSWORD, (Membership(account.id, Role.OWNER),))
    before = await provisioning.users.find("owner")
    path = f"/{account.id}/users/{before.id}"
    for what, fields in (("", {"role": "viewer"}), ("/enabled", {"enabled": ""}), ("/remove", {})):
        answer = await owner.send(path + what, fields)
        assert answer.status_code == 409
        assert "another owner has to do it" in Html(answer.text).text
    after = await provisioning.users.find("owner")
    assert (after.enabled, after.memberships) == (before.enabled, before.memberships)


async def test_the_last_owner_of_an_account_stays_whoever_asks(application, users, account, provisioning):
    root = Browser(application)
    await root.sign_in("root")
    before = await provisioning.users.find("owner")
    path = f"/{account.id}/users/{before.id}"
    for what, fields in (("", {"role": "viewer"}), ("/enabled", {"enabled": ""}), ("/remove", {})):
        answer = await root.send(path + what, fields)
        assert answer.status_code == 409
        assert f"User owner is the only owner of account {account.id}" in Html(answer.text).text
    after = await provisioning.users.find("owner")
    assert (after.enabled, after.memberships) == (before.enabled, before.memberships)


async def test_the_last_who_owns_the_installation_stays(application, users, account, provisioning):
    await provisioning.users.set_role("root", account.id, Role.OPERATOR)
    root = await provisioning.users.find("root")
    stranger = Browser(application)
    await stranger.sign_in("owner")
    assert (await stranger.send(f"/{account.id}/users/{root.id}/enabled", {"enabled": ""})).status_code == 403
    himself = Browser(application)
    await himself.sign_in("root")
    for what in ("enabled", "remove"):
        assert (await himself.send(f"/{account.id}/users/{root.id}/{what}")).status_code == 409
    assert (await provisioning.users.find("root")).is_installer


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (None, "description", "none"),
        ([], "prefixes", "none"),
        (True, "enabled", "yes"),
        (["+1", "+49"], "prefixes", "+1, +49"),
        (3, "priority", "3"),
        (1_700_000_000.0, "previous_secret_until", "2023-11-14 22:13:20 UTC"),
        (
            [{"secret": "********", "made_of": "password", "set_at": 1_700_000_000.0, "valid_until": None}],
            "secrets",
            "secret ********, made of password, set at 2023-11-14 22:13:20 UTC",
        ),
        ([{"uri": "sip:a"}, {"uri": "sip:b"}], "targets", "uri sip:a; uri sip:b"),
        ("x" * 400, "description", "x" * 300 + "…"),
    ],
)
def test_values_in_the_audit_log_are_words(value, name, text):
    assert said(value, name) == text
