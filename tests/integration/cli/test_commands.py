"""Every command's happy way, for people and as JSON."""

import asyncio
import time

import pytest

from trunkline.domain.binding import Binding
from trunkline.domain.cdr import Cdr, EndCause
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.sip.flow import Flow, Listener
from trunkline.store.bindings import BindingWriter
from trunkline.store.cdrs import CdrWriter
from trunkline.store.database import FILE_NAME, Database
from trunkline.store.registration_events import RegistrationEventWriter

HASH1, HASH1B = "fe438bddfc087dda89d29e637f5684ab", "79bb0e55551e14a2f329a282c7cf1456"


def test_the_provider_of_the_documents_is_set_up_from_a_shell(run):
    """The main way, each step a process of its own."""
    assert "default" in run("realm", "add", "desk").out
    assert run("realm", "add", "--fqdn", "custxx.auth.bandwidth.com", "--default").code == 0
    added = run(
        "credential",
        "add",
        "sipauthtest",
        "--realm",
        "custxx.auth.bandwidth.com",
        "--password-stdin",
        text="password\n",
    )
    assert added.out == "Credential sipauthtest@custxx.auth.bandwidth.com added (id 1).\n"
    assert "password" not in added.err
    assert run("trunk", "add", "carrier", "--target", "sip:127.0.0.1:15090", "--prefix", "+1").code == 0
    pointed = run("number", "add", "+15550100199", "--to", "sip:sipauthtest@custxx.auth.bandwidth.com")
    assert pointed.out == "Number +15550100199 leads to sip:sipauthtest@custxx.auth.bandwidth.com.\n"
    hashes = run(
        "hash", "sipauthtest", "--realm", "custxx.auth.bandwidth.com", "--password-stdin", text="password\n"
    )
    assert HASH1 in hashes.out
    assert HASH1B in hashes.out
    assert "sipauthtest@custxx.auth.bandwidth.com:custxx.auth.bandwidth.com:" in hashes.out
    assert "password\n" not in hashes.out


def test_an_empty_folder_gets_a_database_and_a_first_account(run, data):
    (account,) = run("account", "list", "--json").document
    assert (account["id"], account["country"]) == (1_000_001, "US")
    assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_the_folder_is_by_xdg_when_none_is_given(run, tmp_path):
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, "-m", "trunkline", "realm", "list"], check=True, capture_output=True,
        env={"XDG_DATA_HOME": str(tmp_path / "xdg"), "PATH": ""},
    )  # fmt: skip
    assert (tmp_path / "xdg" / "trunkline" / FILE_NAME).exists()


def test_settings_shape_the_names_of_realms(run, data):
    data.mkdir()
    (data / "trunkline.toml").write_text('base_domain = "voice.example.net"\n')
    form = {"TRUNKLINE_REALM_FORM": "{name}-{account}.{base}"}
    document = run("realm", "add", "desk", "--json", environment=form).document
    assert document["name"].startswith("desk-")
    assert document["name"].endswith(".voice.example.net")


def test_realms(call):
    assert call("realm", "list").out == "There is no realm yet; add one with: trunkline realm add NAME\n"
    desk = call("realm", "add", "desk", "--description", "front", "--json").document
    call("realm", "add", "lab")
    assert "(default)" in call("realm", "change", "lab", "--default").out
    listed = call("realm", "list", "--json").document
    assert [(one["label"], one["default"], one["credentials"]) for one in listed] == [
        ("desk", False, 0),
        ("lab", True, 0),
    ]
    assert listed[0]["description"] == "front"
    assert desk["name"] in call("realm", "list").out
    call("credential", "add", "alice", "--realm", "desk", "--generate")
    assert call("realm", "remove", "desk", "--force").out == "Realm desk removed with 1 credentials.\n"


@pytest.fixture
def desk(call):
    return call("realm", "add", "--fqdn", "desk.example.net", "--json").document


def test_a_generated_password_is_printed_once_and_works(call, desk):
    added = call("credential", "add", "alice", "--generate", "--json").document
    password = added["password"]
    assert len(password) == 20
    checked = call(
        "hash", "alice", "--realm", "desk.example.net", "--password-stdin", "--json", text=f"{password}\n"
    ).document
    assert len(checked["hashes"]) == 6
    assert password not in call("credential", "show", "alice", "--json").out
    for_people = call("credential", "add", "bob", "--generate").out
    assert "shown only this once" in for_people


def test_credentials_with_every_option(call, desk):
    call("application", "add", "ivr")
    document = call(
        "credential", "add", "bob", "--domain", "somewhere.com", "--hash1", HASH1.upper(), "--hash1b", HASH1B,
        "--application", "ivr", "--caller-id", "555 010 0199", "--media", "direct", "--disabled", "--max-calls", "2",
        "--calls-per-second", "0.5", "--longest-call", "7200", "--destination", "+1", "--destination=-+1900",
        "--devices", "3", "--json",
    ).document  # fmt: skip
    assert document["aor"] == "bob@somewhere.com@desk.example.net"
    assert (document["caller_id_rule"], document["caller_id"]) == ("fixed", "+15550100199")
    assert document["enabled"] is False
    assert document["limits"] == {
        "concurrent_calls": 2, "calls_per_second": 0.5, "longest_call_s": 7200, "destinations": ["+1", "-+1900"],
        "bindings": 3,
    }  # fmt: skip
    assert document["secrets"][0]["algorithms"] == ["MD5"]
    changed = call(
        "credential", "change", "bob@somewhere.com", "--enable", "--application", "", "--caller-id", "owned",
        "--max-calls", "0", "--destination", "none", "--json",
    ).document  # fmt: skip
    assert changed["enabled"] is True
    assert changed["application_id"] is None
    assert changed["caller_id_rule"] == "owned"
    assert changed["limits"] == {"calls_per_second": 0.5, "longest_call_s": 7200, "bindings": 3}
    assert changed["media"] == "direct"
    shown = call("credential", "show", "bob@somewhere.com").out
    assert "sip:bob%40somewhere.com@desk.example.net" in shown
    assert "MD5 only" in shown
    assert HASH1 not in shown


def test_credentials_are_listed_in_pages(call, desk):
    for name in ("alice", "bob", "carol"):
        call("credential", "add", name, "--generate")
    first = call("credential", "list", "--limit", "2", "--json").document
    rest = call(
        "credential", "list", "--after", str(first[-1]["id"]), "--realm", "desk.example.net", "--json"
    ).document
    assert [one["username"] for one in first + rest] == ["alice", "bob", "carol"]
    assert call("credential", "list").out.count("desk.example.net") == 3


def test_a_secret_is_rotated_with_overlap(call, desk):
    call("credential", "add", "alice", "--password-stdin", text="old\n")
    document = call(
        "credential", "rotate", "alice", "--password-stdin", "--overlap", "24h", "--json", text="new\n"
    ).document
    assert [secret["valid_until"] is None for secret in document["secrets"]] == [True, False]
    assert "valid until" in call("credential", "show", "alice").out
    assert "Password: " in call("credential", "rotate", "alice@desk.example.net", "--generate").out
    assert call("credential", "remove", "alice").out == "Credential alice@desk.example.net removed.\n"


def test_credentials_are_imported_with_a_report(call, desk, tmp_path):
    lines = tmp_path / "lines.csv"
    lines.write_text(
        f"alice,desk.example.net,secret\nbob,nowhere,secret\nsipauthtest,desk.example.net,{HASH1},{HASH1B}\n"
    )
    dry = call("credential", "import", str(lines), "--dry-run")
    assert "2 credentials would be imported, 1 refused." in dry.out
    done = call("credential", "import", str(lines))
    assert done.code == 2
    assert "There is no realm 'nowhere'" in done.out
    assert "2 credentials imported, 1 refused." in done.out
    again = call(
        "credential",
        "import",
        "-",
        "--json",
        text="carol,desk.example.net,secret\nalice,desk.example.net,x\n",
    )
    assert '"written": 1' in again.out
    assert '"code": "credential-exists"' in again.out
    assert len(call("credential", "list", "--json").document) == 3


def test_trunks(call):
    assert "There is no trunk yet" in call("trunk", "list").out
    document = call(
        "trunk", "add", "carrier", "--target", "sip:192.0.2.10,1,3", "--target", "sip:192.0.2.11;transport=tcp,2",
        "--allow-ip", "192.0.2.0/24", "--prefix", "1", "--login-user", "ours", "--login-realm", "carrier.example",
        "--password-stdin", "--failover-code", "503", "--priority", "2", "--weight", "5", "--no-plus",
        "--ring-timeout", "30", "--max-calls", "100", "--json", text="s3cret\n",
    ).document  # fmt: skip
    assert document["targets"] == [
        {"uri": "sip:192.0.2.10", "priority": 1, "weight": 3},
        {"uri": "sip:192.0.2.11;transport=tcp", "priority": 2, "weight": 1},
    ]
    assert document["digest"] == {"username": "ours", "realm": "carrier.example"}
    assert (document["prefixes"], document["failover_codes"], document["plus"]) == (["+1"], [503], False)
    changed = call(
        "trunk", "change", "carrier", "--disable", "--allow-ip", "none", "--forget-login", "--json"
    ).document
    assert (changed["enabled"], changed["allowed_ips"], changed["digest"]) == (False, [], None)
    assert changed["targets"] == document["targets"]
    shown = call("trunk", "show", "carrier").out
    assert "sip:192.0.2.11;transport=tcp priority 2 weight 1" in shown
    assert call("trunk", "show", "carrier", "--json").document == changed
    assert "carrier" in call("trunk", "list").out
    assert len(call("trunk", "list", "--json").document) == 1
    assert call("trunk", "remove", "carrier").out == "Trunk carrier removed.\n"


def test_numbers(call, desk):
    assert "There is no number yet" in call("number", "list").out
    call("credential", "add", "alice", "--generate")
    call("trunk", "add", "pbx", "--target", "sip:192.0.2.10")
    document = call(
        "number", "add", "(555) 010-0199", "--to", "sip:alice@desk.example.net", "--json"
    ).document
    assert document["number"] == "+15550100199"
    assert document["to"] == {"kind": "device", "value": "alice@desk.example.net"}
    assert "trunk:1" in call("number", "point", "+15550100199", "--to", "trunk:pbx").out
    assert "+15550100199" in call("number", "list").out
    assert call("number", "list", "--json").document[0]["to"]["kind"] == "trunk"
    assert call("number", "remove", "+15550100199").out == "Number +15550100199 removed.\n"


def test_applications_and_accounts(call):
    assert "There is no application yet" in call("application", "list").out
    added = call(
        "application", "add", "ivr", "--url", "https://app.example/", "--username", "hooks", "--json"
    ).document
    assert added["callback_username"] == "hooks"
    call("application", "change", "ivr", "--name", "menu", "--status-url", "https://app.example/ended")
    assert "menu" in call("application", "list").out
    assert call("application", "list", "--json").document[0]["call_status_url"] == "https://app.example/ended"
    assert call("application", "remove", "menu").code == 0
    second = call("account", "add", "Biloxi", "--country", "de", "--json").document
    call("--account", str(second["id"]), "realm", "add", "lab")
    assert call("realm", "list", "--json").document == []
    assert len(call("--account", str(second["id"]), "realm", "list", "--json").document) == 1
    assert "Atlanta, GB" in call("account", "change", "--name", "Atlanta", "--country", "gb").out
    assert "Atlanta" in call("account", "list").out


def test_hashes_are_checked(call):
    lost = call(
        "hash", "sipauthtest", "--realm", "custxx.auth.bandwidth.com", "--password-stdin", "--check", HASH1B[:-1],
        text="password\n",
    )  # fmt: skip
    assert lost.code == 1
    assert "31 digits instead of 32" in lost.out
    right = call(
        "hash", "sipauthtest", "--realm", "custxx.auth.bandwidth.com", "--password-stdin", "--check", HASH1, "--reveal",
        text="password\n",
    )  # fmt: skip
    assert right.code == 0
    assert "sipauthtest:custxx.auth.bandwidth.com:password" in right.out


@pytest.fixture
def lived(data):
    """A folder in which a server has worked."""
    now = time.time()

    async def live():
        database = await Database.open(data)
        bindings = BindingWriter(database)
        events = RegistrationEventWriter(database)
        cdrs = CdrWriter(database, clock=type("Clock", (), {"now": staticmethod(time.time)})())
        for writer in (bindings, events, cdrs):
            writer.start()
        flow = Flow(Listener("udp", "127.0.0.1", 5060), "127.0.0.1", 5070)
        bindings.changed(Binding(
            "alice@desk.example.net", "sip:alice@127.0.0.1:5070", "<sip:alice@127.0.0.1:5070>", "1", 1, now + 600, 1000,
            flow, (), "", 0, "Phone/1.0", now,
        ))  # fmt: skip
        events.record(
            RegistrationEvent(
                now, "mallory@desk.example.net", RegistrationEventKind.REFUSED, detail="wrong-password"
            )
        )
        base = {"sip_call_id": "x", "account_id": 1_000_001, "credential_id": None, "inbound_trunk_id": None,
                "callee": "+15550100199", "source": "127.0.0.1:5070", "user_agent": ""}  # fmt: skip
        cdrs.opened(
            Cdr(call_id="up", caller="alice", started_at=now - 5, answered_at=now - 3, status=200, **base)
        )
        for index in range(3):
            cdrs.closed(Cdr(
                call_id=f"over-{index}", caller=f"bob{index}", started_at=now - 3600 * index - 60, answered_at=None,
                ended_at=now, end_cause=EndCause.BUSY, status=486, **base,
            ))  # fmt: skip
        for writer in (bindings, events, cdrs):
            await writer.close()
        await database.close()

    asyncio.run(live())


def test_what_a_server_wrote_is_listed(call, lived):
    assert "alice@desk.example.net" in call("registrations").out
    (binding,) = call("registrations", "--aor", "sip:ALICE@desk.example.net", "--json").document
    assert (binding["listener"], binding["user_agent"]) == ("udp:127.0.0.1:5060", "Phone/1.0")
    assert "wrong-password" in call("registrations", "--events").out
    assert (
        call("registrations", "--events", "--kind", "refused", "--json")
        .document[0]["aor"]
        .startswith("mallory")
    )
    refused = call("registrations", "--events", "--kind", "refused", "--json").document[0]
    assert "no refusal" in call("explain", str(refused["id"])).err  # of nobody's realm
    call("realm", "add", "--fqdn", "desk.example.net")
    told = call("explain", str(refused["id"]))
    assert told.out.startswith(f"{refused['aor']}: wrong-password (wrong-password)\n")
    assert "To mend it: " in told.out
    assert call("explain", str(refused["id"]), "--json").document["cause"] == "wrong-password"
    assert "no refusal 'over-1'" in call("explain", "over-1").err
    assert "alice" in call("calls").out
    assert [one["call_id"] for one in call("calls", "--json").document] == ["up"]
    assert call("--account", "1000001", "calls", "--json").document != []


def test_records_are_listed_page_by_page_and_filtered(call, lived):
    first = call("cdrs", "--limit", "2", "--json").document
    assert [one["call_id"] for one in first["cdrs"]] == ["up", "over-0"]
    rest = call("cdrs", "--after", first["after"], "--json").document
    assert [one["call_id"] for one in rest["cdrs"]] == ["over-1", "over-2"]
    assert rest["after"] is None
    assert "--after" in call("cdrs", "--limit", "2").out
    assert "busy" in call("cdrs", "--party", "bob1").out
    recent = call("cdrs", "--since", "30m", "--cause", "busy", "--unanswered", "--json").document
    assert [one["call_id"] for one in recent["cdrs"]] == ["over-0"]
    assert call("cdrs", "--until", "2020-01-01").out == "No call fits.\n"


@pytest.mark.parametrize(
    ("listing", "begins", "helps"),
    [
        ("realm list", "There is no realm yet; ", "trunkline realm add NAME"),
        ("credential list", "There is no credential yet; ", "trunkline credential add USER"),
        ("trunk list", "There is no trunk yet; ", "trunkline trunk add NAME"),
        ("number list", "There is no number yet; ", "trunkline number add +15550100199"),
        ("application list", "There is no application yet; ", "trunkline application add NAME"),
        ("registrations", "No device is registered; ", "trunkline credential add USER"),
        ("registrations --events", "Nothing has happened yet; ", "as devices come and go"),
        ("calls", "No call is up; ", "trunkline cdrs"),
        ("cdrs", "There are no calls yet; ", "dialling USER@REALM"),
    ],
)
def test_listing_of_an_empty_folder_is_one_sentence_that_helps(call, listing, begins, helps):
    sentence = call(*listing.split()).out
    assert sentence.startswith(begins)
    assert helps in sentence
    assert sentence.count("\n") == 1
    empty = {"cdrs": [], "after": None} if listing == "cdrs" else []
    assert call(*listing.split(), "--json").document == empty


def test_listing_that_was_narrowed_does_not_say_that_there_is_nothing(call, lived):
    assert call("registrations", "--aor", "bob@desk.example.net").out == (
        "No device of bob@desk.example.net is registered.\n"
    )
    assert call("registrations", "--events", "--kind", "expired").out == "Nothing of the kind has happened.\n"
    assert call("cdrs", "--party", "nobody").out == "No call fits.\n"


def test_empty_folder_has_no_calls_whatever_is_asked_for(call):
    assert call("cdrs", "--answered").out.startswith("There are no calls yet; ")


def test_help_and_version_need_no_folder(run, data):
    assert run("--version").out.startswith("trunkline ")
    listing = run("--help").out
    assert "credential" in listing
    assert "install-completion" not in run("realm", "--help").out
    assert not data.exists()
