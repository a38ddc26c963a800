"""Users, keys and the audit log, by the program."""

import pytest

PASSWORD = "correct horse battery"
HASH1 = "fe438bddfc087dda89d29e637f5684ab"


@pytest.fixture
def admin(call):
    return call("user", "add", "admin", "--role", "owner", "--generate", "--json").document


def test_the_first_user_owns_the_installation_and_gets_a_password_once(call, admin):
    assert admin["installer"] is True
    assert len(admin["password"]) == 20
    assert [one["role"] for one in admin["roles"]] == ["owner"]
    listed = call("user", "list", "--json").document
    assert [user["name"] for user in listed] == ["admin"]
    assert admin["password"] not in call("user", "list").out + call("audit", "--json").out


def test_a_user_is_added_changed_and_removed(call, admin):
    added = call("user", "add", "bob", "--role", "viewer", "--password-stdin", "--json", text=f"{PASSWORD}\n")
    assert "password" not in added.document
    other = call("account", "add", "Biloxi", "--json").document["id"]
    changed = call("user", "change", "bob", "--role", "operator", "--account", str(other), "--json").document
    assert [one["role"] for one in changed["roles"]] == ["viewer", "operator"]
    changed = call("user", "change", "BOB", "--no-role", "--disable", "--installer", "--json").document
    assert [one["account_id"] for one in changed["roles"]] == [other]
    assert (changed["enabled"], changed["installer"]) == (False, True)
    assert "Password: " in call("user", "passwd", "bob", "--generate").out
    assert call("user", "remove", "bob").out == "User bob removed.\n"


@pytest.mark.parametrize(
    ("arguments", "text", "reason"),
    [
        (("user", "add", "bob", "--role", "viewer", "--password-stdin"), "short\n", "at least 12"),
        (("user", "add", "bob", "--role", "king", "--generate"), "", "king"),
        (
            ("user", "add", "bob", "--role", "viewer", "--generate", "--password-stdin"),
            "",
            "one password only",
        ),
        (("user", "add", "bob", "--role", "viewer"), "", "use --password-stdin or --generate"),
        (("user", "add", "ADMIN", "--role", "viewer", "--generate"), "", "exists already"),
        (("user", "add", "bob", "--role", "viewer", "--account", "7", "--generate"), "", "no account 7"),
        (("user", "remove", "admin"), "", "let another own it first with 'trunkline user change NAME"),
        (("user", "change", "admin", "--disable"), "", "let another own it first"),
        (
            ("user", "change", "admin", "--role", "viewer"),
            "",
            "make another user its owner first with 'trunkline user change NAME --role owner'.",
        ),
        (("user", "change", "admin", "--role", "viewer", "--no-role"), "", "either --role or --no-role"),
        (("user", "passwd", "bob", "--generate"), "", "no user 'bob'"),
        (("key", "revoke", "none"), "", "no API key 'none'"),
        (("key", "add", "x", "--role", "viewer", "--expires-days", "0"), "", "0"),
        (("audit", "--since", "yesterday"), "", "no time"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(call, admin, arguments, text, reason):
    refused = call(*arguments, text=text)
    assert refused.code == 2
    assert reason in refused.err
    assert refused.err.count("\n") == 1


def test_a_key_is_added_listed_and_revoked(call):
    key = call("key", "add", "billing", "--role", "operator", "--expires-days", "30", "--json").document
    assert key["bearer"] == f"{key['id']}.{key['secret']}"
    listed = call("key", "list")
    assert key["id"] in listed.out
    assert key["secret"] not in listed.out
    assert "works" in listed.out
    call("key", "revoke", "billing")
    assert [one["revoked"] for one in call("key", "list", "--json").document] == [True]
    assert "revoked" in call("key", "list").out


def test_the_audit_log_tells_what_the_command_line_did(call):
    call("realm", "add", "desk")
    call("realm", "change", "desk", "--description", "front")
    call("key", "add", "billing", "--role", "viewer")
    newest = call("audit", "--json").document
    assert [entry["noun"] for entry in newest] == ["key", "realm", "realm", "account"]
    (changed, added) = call("audit", "--noun", "realm", "--json").document
    assert changed["changes"] == {"description": {"old": "", "new": "front"}}
    assert changed["actor"]["kind"] == "cli"
    assert added["action"] == "added"
    assert call("audit", "--key", changed["key"], "--limit", "1", "--json").document == [changed]
    assert call("audit", "--actor", "nobody at all", "--json").document == []
    assert "description:  -> front" in call("audit").out
    assert call("--account", "1000001", "audit", "--since", "1h", "--json").document == newest


def test_a_credential_may_be_given_as_hash1_alone(call):
    call("realm", "add", "desk")
    added = call("credential", "add", "alice", "--hash1", HASH1, "--json").document
    assert added["secrets"][0]["hash1b"] is False
    assert "no Hash1b: not for devices that send alice@desk" in call("credential", "show", "alice").out
    call("credential", "rotate", "alice", "--generate")
    assert "no Hash1b" not in call("credential", "show", "alice").out
