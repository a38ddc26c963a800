"""Each role, each operation, own and foreign account: the table of permissions is walked."""

import pytest
from starlette.routing import Mount

from contract.native.conftest import ALICE, problem
from fakes.operations import OURS
from trunkline.api.native.access_table import ACCESS, OF_ACCOUNT, Reach
from trunkline.api.native.application import PREFIX, build_native
from trunkline.api.native.description import Description
from trunkline.domain.role import Permission, Role, allows

NOBODYS = 999_999_999

BODIES = {
    "add_account": {"name": "Chicago"},
    "change_account": {"name": "Atlanta"},
    "add_user": {"name": "bob", "role": "viewer"},
    "change_user": {"role": "viewer"},
    "set_user_password": {},
    "add_key": {"name": "k", "role": "viewer"},
    "add_realm": {"name": "chicago.example"},
    "change_realm": {"description": "x"},
    "add_credential": {"username": "carol"},
    "change_credential": {"enabled": False},
    "rotate_credential": {},
    "add_application": {"name": "reception"},
    "change_application": {"name": "hall"},
    "add_trunk": {"name": "chicago", "targets": [{"uri": "sip:192.0.2.9"}]},
    "change_trunk": {"enabled": False},
    "add_number": {"number": "+15550100199", "destination": f"sip:{ALICE}"},
    "change_number": {"destination": f"sip:{ALICE}"},
    "add_webhook": {"url": "https://app.example/events", "events": ["registered"]},
    "change_webhook": {"description": "x"},
    "diagnose": {"timeline_id": 1},
    "dry_run": {"aor": ALICE, "to": "+15550100199"},
    "hash_password": {"username": "a", "realm": "b", "password": "c"},
    "recognise_hash": {"username": "a", "realm": "b", "password": "c", "hash": "d"},
}


@pytest.fixture(scope="module")
def document():
    """The description of the whole API."""
    application = next(route.app for route in build_native(None, None) if isinstance(route, Mount))
    return Description(application, PREFIX).document


@pytest.fixture
async def things(provisioning, api, alice):
    """One of each noun, by the name of its path parameter."""
    realm = (await api.post("realms", {"name": "evanston.example"})).json()["id"]
    application = (await api.post("applications", {"name": "app"})).json()["id"]
    trunk = (await api.post("trunks", {"name": "t", "targets": [{"uri": "sip:192.0.2.1"}]})).json()["id"]
    number = await api.post("numbers", {"number": "+15550100100", "destination": f"sip:{ALICE}"})
    assert number.status_code == 201, number.text
    await provisioning.users.add("boss", None)
    user = (await api.post("users", {"name": "viewer", "role": "viewer"})).json()["id"]
    key = (await api.post("keys", {"name": "key", "role": "viewer"})).json()["id"]
    files = {"content": b"username,realm,password\n", "headers": {"content-type": "text/csv"}}
    started = (await api.post("credential-imports", **files)).json()["id"]
    webhook = (await api.post("webhooks", BODIES["add_webhook"])).json()["id"]
    sent = (await api.post(f"webhooks/{webhook}/test")).json()["id"]
    return {
        "webhook": webhook, "delivery": sent,
        "realm": realm, "credential": alice["id"], "application": application, "trunk": trunk,
        "number": "+15550100100", "user": user, "key": key, "import": started, "aor": ALICE, "call": "our-call",
    }  # fmt: skip


def operations_of(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation["operationId"]


def filled(path, things, account_id):
    return path.format(account=account_id, **things)


def addressed(path, things, name):
    """A path in our account."""
    return filled(path.replace("{call}", "our-past") if name == "show_cdr" else path, things, OURS)


async def ask(asking, method, path, name):
    options = {}
    if name == "start_import":
        options = {"content": b"username,realm,password\n", "headers": {"content-type": "text/csv"}}
    return await asking.send(method, path, BODIES.get(name), **options)


def test_every_operation_has_its_entry_and_every_entry_its_operation(document):
    assert {name for _, _, name in operations_of(document)} == set(ACCESS)


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_do_in_its_account_what_the_table_says(role, document, asking_as, things):
    asking = await asking_as(role)
    for method, path, name in operations_of(document):
        reach, permission = ACCESS[name]
        if name == "stream_events" or reach is Reach.SELF:
            continue
        may = reach is Reach.ACCOUNT and allows(role, permission)
        if may and method != "GET":
            continue  # what changes something is done in its own test
        answer = await ask(asking, method, addressed(path, things, name), name)
        if may:
            assert answer.status_code == 200, (name, answer.text)
        else:
            assert problem(answer) == (403, "forbidden"), name


async def test_an_owner_may_do_everything_in_his_account(document, api, things):
    order = {"POST": 0, "PATCH": 1, "GET": 2, "DELETE": 3}
    numbers_first = {"remove_number": -1, "remove_credential": 1, "remove_realm": 2}
    rows = sorted(operations_of(document), key=lambda row: (order[row[0]], numbers_first.get(row[2], 0)))
    for method, path, name in rows:
        if ACCESS[name][0] is Reach.INSTALLATION or name == "stream_events":
            continue
        force = "?force=true" if name in {"remove_realm", "remove_credential"} else ""
        answer = await ask(api, method, addressed(path, things, name) + force, name)
        assert answer.status_code in {200, 201, 202, 204}, (name, answer.text)


@pytest.mark.parametrize("account_id", [NOBODYS, 1_000_002, 0, "abc", "9" * 40])
async def test_a_foreign_account_is_as_unknown_as_one_that_is_not_there(
    account_id, document, api, foreign, things
):
    for method, path, name in operations_of(document):
        if name in OF_ACCOUNT:
            answer = await ask(api, method, filled(path, things, account_id), name)
            assert problem(answer) == (404, "unknown-account"), name


async def test_things_of_another_account_are_unknown_in_mine(
    provisioning, document, asking_as, foreign, things, desk
):
    """Whoever asks for them below his own account."""
    stranger = await asking_as(Role.OWNER, foreign.id)
    stranger.account_id = foreign.id
    own = await stranger.post("realms", {"name": "biloxi.example"})
    assert own.status_code == 201
    for method, path, name in operations_of(document):
        if "{" not in path.replace("{account}", "") or name in {"show_registration", "show_timeline"}:
            continue
        answer = await ask(stranger, method, filled(path, things, foreign.id), name)
        assert answer.status_code == 404, (name, answer.text)
    after = await provisioning.credentials.get(OURS, things["credential"])
    assert after.enabled


async def test_strangers_are_asked_who_they_are(document, client, api, things):
    api.auth = None
    for method, path, name in operations_of(document):
        answer = await ask(api, method, filled(path, things, OURS), name)
        assert problem(answer) == (401, "unauthenticated"), name
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_only_the_installer_reaches_the_installation(provisioning, client, api, foreign):
    await provisioning.users.add("boss", "correct horse battery staple")
    assert problem(await api.get("/users")) == (403, "forbidden")
    api.auth = ("boss", "correct horse battery staple")
    assert [user["name"] for user in (await api.get("/users")).json()["items"]] == ["boss"]
    assert len((await api.get("/accounts")).json()["items"]) == 2
    assert (await api.post("/accounts", {"name": "Chicago"})).status_code == 201
    assert (await api.get("", account_id=foreign.id)).status_code == 200
    assert problem(await api.get("calls", account_id=NOBODYS)) == (404, "unknown-account")


async def test_a_member_sees_his_own_accounts_only(api, foreign):
    assert [one["id"] for one in (await api.get("/accounts")).json()["items"]] == [OURS]
    me = (await api.get("/me")).json()
    assert me["memberships"] == [{"account_id": OURS, "role": "owner"}]


async def test_hashes_take_their_own_permission(asking_as, alice):
    viewer = await asking_as(Role.VIEWER)
    assert problem(await viewer.get(f"credentials/{alice['id']}/hashes")) == (403, "forbidden")
    assert problem(await viewer.get("credential-export?hashes=true")) == (403, "forbidden")
    operator = await asking_as(Role.OPERATOR)
    hashes = (await operator.get(f"credentials/{alice['id']}/hashes")).json()["hashes"]
    assert [one["algorithm"] for one in hashes] == ["MD5", "SHA-256", "SHA-512-256"]


async def test_an_account_hides_its_hashes_from_everybody(api, alice):
    await api.patch("", {"masks_hashes": True})
    assert problem(await api.get(f"credentials/{alice['id']}/hashes")) == (403, "forbidden")
    assert problem(await api.get("credential-export?hashes=true")) == (403, "forbidden")


def test_the_permissions_of_the_table_are_known():
    assert {permission for _, permission in ACCESS.values()} == set(Permission)
