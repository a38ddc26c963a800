"""Each role, each operation, own and foreign account: the whole table of the Dashboard's XML API."""

import pytest

from contract.bandwidth_dashboard.asking import Asking, credential, credentials
from contract.bandwidth_dashboard.test_protocol import RESOURCES
from trunkline.domain.role import Role

BODIES = {
    ("POST", "realms"): "<Realm><Realm>lab</Realm><Default>false</Default></Realm>",
    ("PUT", "realms/desk"): "<Realm><Description>x</Description><Default>true</Default></Realm>",
    ("POST", "realms/desk/sipcredentials"): credentials(credential("carol")),
    ("PUT", "realms/desk/sipcredentials/1"): credential(None, "b" * 32, RealmId="1"),
    ("POST", "sipcredentials"): credentials(credential("bob")),
    ("PUT", "sipcredentials/alice"): credential(None, "b" * 32),
    ("POST", "applications"): (
        "<Application><AppName>hall</AppName><CallInitiatedCallbackUrl>https://app.example/</CallInitiatedCallbackUrl>"
        "</Application>"
    ),
    ("PUT", "applications/x"): (
        "<Application><AppName>hall</AppName><CallInitiatedCallbackUrl>https://app.example/</CallInitiatedCallbackUrl>"
        "</Application>"
    ),
    ("PATCH", "applications/x"): "<Application><AppName>foyer</AppName></Application>",
}
OPERATIONS = [(method, path) for path, (_, methods) in RESOURCES.items() for method in methods.split(", ")]
SUCCESS = {"GET": {200}, "POST": {201}, "PUT": {200}, "PATCH": {200}, "DELETE": {200, 202, 204}}
MAY_WRITE = {Role.VIEWER: False, Role.OPERATOR: True, Role.OWNER: True}


def named(operation):
    return " ".join(operation)


@pytest.fixture
async def spare(provisioning, account, api, desk):
    """One of each noun: alice in the default realm, an application, and a realm that can go."""
    assert (await api.post("sipcredentials", credentials(credential("alice")))).status == 201
    return (await provisioning.applications.add(account.id, "ivr")).id


def addressed(path, application):
    """The path of something that is there, and that may go where it is removed."""
    return path.replace("applications/x", f"applications/{application}")


async def everything(provisioning, account_id):
    """All that the operations could change."""
    realms = await provisioning.realms.of(account_id)
    applications = await provisioning.applications.of(account_id)
    found = await provisioning.credentials.page(account_id, "", limit=100)
    return realms, applications, found


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_each_role_may_do_in_its_account_what_it_is_for(
    operation, role, asking_as, provisioning, account, api, spare
):
    method, path = operation
    if (method, path) == ("DELETE", "realms/desk"):  # the default realm and one in use stay, whoever asks
        await api.post("realms", "<Realm><Realm>lab</Realm><Default>false</Default></Realm>")
        path = "realms/lab"
    before = await everything(provisioning, account.id)
    asking = await asking_as(role)
    answer = await asking.send(method, addressed(path, spare), BODIES.get(operation))
    after = await everything(provisioning, account.id)
    if method == "GET" or MAY_WRITE[role]:
        assert answer.status in SUCCESS[method], answer.text
    else:
        assert answer.status == 403
        assert answer.values("ResponseStatus/Description")
    assert (after != before) == (method != "GET" and MAY_WRITE[role])


@pytest.mark.parametrize("role", Role)
async def test_no_role_of_one_account_reaches_into_another(
    role, provisioning, client, foreign, account, spare
):
    issued = await provisioning.api_keys.add(foreign.id, "theirs", role)
    stranger = Asking(client, (issued.key.id, issued.secret), account.id)
    before = await everything(provisioning, account.id)
    for method, path in OPERATIONS:
        answer = await stranger.send(method, addressed(path, spare), BODIES.get((method, path)))
        assert answer.status == 403, (method, path)
    assert await everything(provisioning, account.id) == before


@pytest.mark.parametrize("role", Role)
async def test_things_of_another_account_are_unknown_in_ones_own(
    role, provisioning, client, foreign, account, spare
):
    """Whoever asks for them below his own account finds nothing, and changes nothing."""
    issued = await provisioning.api_keys.add(foreign.id, "theirs", role)
    stranger = Asking(client, (issued.key.id, issued.secret), foreign.id)
    before = await everything(provisioning, account.id)
    for method, path in OPERATIONS:
        if "/" in path and not path.startswith("products"):
            answer = await stranger.send(method, addressed(path, spare), BODIES.get((method, path)))
            assert answer.status == (404 if method == "GET" or MAY_WRITE[role] else 403), (method, path)
    assert await everything(provisioning, account.id) == before
