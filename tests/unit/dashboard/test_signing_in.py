"""Signing in, setting up, and what a user may do about himself."""

import pytest

from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.provisioning.sign_ins import IDLE_S, LONGEST_S

from .conftest import PASSWORD, Browser, Html


def cookie(answer):
    """The Set-Cookie lines of the sign-in."""
    return [line for line in answer.headers.get_list("set-cookie") if "trunkline_sign_in" in line]


async def test_the_cookie_is_not_for_scripts_and_not_for_other_sites(browser, users):
    (line,) = cookie(await browser.sign_in("operator"))
    assert line.startswith("trunkline_sign_in=")
    assert "HttpOnly" in line
    assert "SameSite=lax" in line
    assert "Path=/" in line
    assert "Secure" not in line


async def test_behind_https_the_cookie_stays_there(application, users):
    browser = Browser(application, "https://desk.example")
    (line,) = cookie(await browser.sign_in("operator"))
    assert line.startswith("__Host-trunkline_sign_in=")
    assert "Secure" in line


async def test_each_sign_in_has_a_cookie_of_its_own_and_ends_the_one_before(browser, users):
    first = cookie(await browser.sign_in("operator"))[0].partition(";")[0].partition("=")[2]
    second = cookie(await browser.sign_in("operator"))[0].partition(";")[0].partition("=")[2]
    assert first != second
    browser.client.cookies.clear()
    answer = await browser.client.get("/", headers={"cookie": f"trunkline_sign_in={first}"})
    assert answer.headers["location"] == "/sign-in"


async def test_a_cookie_brought_along_is_not_taken_over(browser, users):
    browser.client.cookies.set("trunkline_sign_in", "chosen-by-mallory")
    await browser.sign_in("operator")
    assert "chosen-by-mallory" not in {
        one.value for one in browser.client.cookies.jar if one.domain == "desk.example"
    }


@pytest.mark.parametrize("name", ["operator", "nobody"])
async def test_wrong_names_and_wrong_passwords_sound_alike(browser, users, name):
    answer = await browser.sign_in(name, "wrong")
    assert answer.status_code == 401
    assert "User name or password is wrong." in answer.text
    assert cookie(answer) == []


async def test_who_tries_too_often_has_to_wait(browser, users):
    for _ in range(5):
        await browser.sign_in("operator", "wrong")
    answer = await browser.sign_in("operator")
    assert answer.status_code == 429
    assert "try again in" in answer.text


async def test_another_site_cannot_sign_a_browser_in(browser, users):
    answer = await browser.client.post(
        "/sign-in", data={"name": "operator", "password": PASSWORD}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert cookie(answer) == []


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/1000001/realms?x=1", "/1000001/realms?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/a\r\nset-cookie: x", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
async def test_signing_in_leads_only_to_own_pages(browser, users, wanted, led):
    answer = await browser.client.post(
        "/sign-in",
        data={"name": "operator", "password": PASSWORD, "next": wanted},
        headers={"origin": browser.base},
    )
    assert answer.headers["location"] == led


async def test_a_silent_browser_is_signed_out(operator, clock, account):
    clock.time += IDLE_S - 1
    assert (await operator.get(f"/{account.id}/")).status_code == 200
    clock.time += IDLE_S + 1
    assert (await operator.get(f"/{account.id}/")).status_code == 303


async def test_no_browser_stays_signed_in_for_ever(operator, clock, account):
    begun = clock.time
    while clock.time - begun < LONGEST_S - IDLE_S / 2:
        assert (await operator.get(f"/{account.id}/")).status_code == 200
        clock.time += IDLE_S / 2
    clock.time = begun + LONGEST_S + 1
    assert (await operator.get(f"/{account.id}/")).status_code == 303


async def test_whoever_is_signed_out_is_asked_again_also_by_a_script(browser, users, account):
    answer = await browser.get(f"/{account.id}/credentials", **{"hx-request": "true"})
    assert answer.status_code == 401


async def test_signing_out_ends_the_sign_in(operator, account):
    answer = await operator.send("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert (await operator.get(f"/{account.id}/")).status_code == 303


async def test_a_forged_sign_out_is_refused(operator, account):
    assert (await operator.client.post("/sign-out")).status_code == 403
    assert (await operator.get(f"/{account.id}/")).status_code == 200


async def test_signing_out_everywhere_ends_every_browser(application, operator, account):
    other = Browser(application)
    await other.sign_in("operator")
    await operator.send("/me/sign-out-everywhere")
    assert (await other.get(f"/{account.id}/")).status_code == 303


async def test_a_password_is_changed_with_the_one_before(application, operator):
    wrong = await operator.send("/me/password", {"current": "wrong", "password": "another long enough"})
    assert wrong.status_code == 422
    assert "This is not your password now." in wrong.text
    weak = await operator.send("/me/password", {"current": PASSWORD, "password": "short"})
    assert weak.status_code == 422
    right = await operator.send("/me/password", {"current": PASSWORD, "password": "another long enough"})
    assert right.headers["location"] == "/me"
    assert (await operator.get("/me")).status_code == 200
    assert (await Browser(application).sign_in("operator", "another long enough")).status_code == 303


async def test_a_user_that_is_switched_off_is_signed_out(operator, provisioning, account):
    await provisioning.users.enable("operator", enabled=False)
    assert (await operator.get(f"/{account.id}/")).status_code == 303


async def test_accounts_are_switched_by_their_members_only(
    application, provisioning, users, account, other_account
):
    both = (Membership(account.id, Role.VIEWER), Membership(other_account.id, Role.OWNER))
    await provisioning.users.add("both", PASSWORD, both)
    browser = Browser(application)
    await browser.sign_in("both")
    html = Html((await browser.get(f"/{account.id}/")).text)
    assert f"/{other_account.id}/" in html.links()
    assert (await browser.get(f"/{other_account.id}/realms/new")).status_code == 200
    assert (await browser.get(f"/{account.id}/realms/new")).status_code == 403


async def test_the_setup_link_makes_the_first_user_once(browser, setup, provisioning):
    path = setup.path
    token = path.partition("=")[2]
    fields = {"token": token, "name": "root", "password": PASSWORD, "again": PASSWORD}
    assert (await browser.get("/setup?token=wrong")).status_code == 403
    assert (await browser.get(path)).status_code == 200
    differing = await browser.client.post(
        "/setup", data={**fields, "again": "other"}, headers={"origin": browser.base}
    )
    assert differing.status_code == 422
    weak = await browser.client.post(
        "/setup", data={**fields, "password": "x", "again": "x"}, headers={"origin": browser.base}
    )
    assert weak.status_code == 422
    made = await browser.client.post("/setup", data=fields, headers={"origin": browser.base})
    assert made.status_code == 303
    (user,) = await provisioning.users.all()
    assert user.is_installer
    assert (await browser.get("/1000001/")).status_code == 200
    again = await Browser(browser.client._transport.app).client.post(
        "/setup", data={**fields, "name": "mallory"}
    )
    assert again.status_code == 404


async def test_colours_are_remembered_and_nothing_else_is(operator, account):
    await operator.send("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in (await operator.get(f"/{account.id}/")).text
    await operator.send("/theme", {"theme": '"><script>'})
    assert "data-theme" not in (await operator.get(f"/{account.id}/")).text
