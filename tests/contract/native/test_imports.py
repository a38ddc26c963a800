"""Credentials by the dozen: imports with their reports, exports, and the way from one to the other."""

import asyncio
import csv
import io
import json

import pytest

from contract.native.conftest import problem

CSV = {"content-type": "text/csv"}


async def imported(api, content, kind="text/csv", query=""):
    """An import at its end, and its refused lines by number."""
    started = await api.post(f"credential-imports{query}", content=content, headers={"content-type": kind})
    assert started.status_code == 202, started.text
    for _ in range(3_000):
        progress = (await api.get(started.headers["location"])).json()
        if progress["state"] != "running":
            break
        await asyncio.sleep(0.01)
    lines = (await api.get(started.headers["location"] + "/lines")).json()["items"]
    return progress, {line["line"]: line["code"] for line in lines}


async def names(api):
    return sorted(one["digest_username"] for one in (await api.get("credentials?limit=200")).json()["items"])


async def test_lines_of_csv_are_taken_or_refused_by_themselves(api, alice):
    text = "username,realm,password\ncarol,atlanta.example,pw-1\nalice,atlanta.example,x\ndave,nowhere,x\n\nerin,atlanta.example,\n"
    progress, refused = await imported(api, text)
    assert (progress["state"], progress["written"], progress["refused"]) == ("done", 1, 3)
    assert refused == {3: "credential-exists", 4: "unknown-realm", 6: "invalid-import"}
    assert await names(api) == ["alice", "carol"]


async def test_a_dry_import_writes_nothing(api, desk):
    progress, _ = await imported(
        api, "username,realm,password\ncarol,atlanta.example,pw\n", query="?dry=true"
    )
    assert (progress["dry"], progress["written"]) == (True, 1)
    assert await names(api) == []


async def test_json_is_imported(api, desk):
    entries = [
        {"username": "carol", "realm": "atlanta.example", "password": "pw, with comma"},
        {"username": "dave", "realm": "atlanta.example", "domain": "d.example", "hash1": "0" * 32, "hash1b": "1" * 32},
        {"username": "erin", "realm": "atlanta.example", "role": "owner"},
        {"username": "fred\nusername", "realm": "atlanta.example", "password": "x"},
        {"realm": "atlanta.example"}, 7, {"username": "#gina", "password": "x"},
        {"username": "hugh", "realm": "atlanta.example", "password": "x"},
    ]  # fmt: skip
    progress, refused = await imported(api, json.dumps(entries), "application/json")
    assert progress["written"] == 3
    assert set(refused) == {4, 5, 6, 7, 8}
    assert await names(api) == ["carol", "dave@d.example", "hugh"]
    progress, _ = await imported(api, json.dumps({"items": entries[:1]}), "application/json; charset=utf-8")
    assert progress["refused"] == 1


async def test_xml_is_imported(api, desk):
    one = "<SipCredential><UserName>{}</UserName><Realm>atlanta.example</Realm><Password>pw</Password></SipCredential>"
    text = f"<SipCredentials>{one.format('carol')}{one.format('a b')}</SipCredentials>"
    progress, refused = await imported(api, text, "application/xml")
    assert (progress["written"], refused) == (1, {3: "invalid-username"})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[" * 100_000),
        ("application/json", b"\xff"),
        ("application/json", b'{"a": 1}'),
        ("application/xml", b"<a>"),
        ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        ("application/xml", b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'),
        ("text/csv", b"\xff\xfe"),
    ],
)
async def test_what_cannot_be_read_is_refused_at_once(kind, body, api, desk):
    answer = await api.post("credential-imports", content=body, headers={"content-type": kind})
    assert problem(answer) == (422, "invalid-import")
    assert "root:" not in answer.text


async def test_unknown_columns_fail_the_import(api, desk):
    progress, _ = await imported(api, "username,role\ncarol,owner\n")
    assert progress["state"] == "failed"
    assert "role" in progress["sentence"]


async def test_other_types_are_refused(api, desk):
    answer = await api.post("credential-imports", content=b"x", headers={"content-type": "text/plain"})
    assert problem(answer) == (415, "unsupported-media-type")


async def test_an_import_of_ten_thousand_goes_on_beside_other_requests(api, desk):
    text = "username,realm,password\n" + "".join(f"user{n},atlanta.example,pw\n" for n in range(3_000))
    started = await api.post("credential-imports", content=text, headers=CSV)
    seen = set()
    while (progress := (await api.get(started.headers["location"])).json())["state"] == "running":
        seen.add(progress["done"])
        await asyncio.sleep(0.005)
    assert progress["written"] == 3_000
    assert len(seen) > 1, "its progress can be watched"


async def test_what_was_exported_with_hashes_can_be_imported_elsewhere(api, desk):
    for username in ("+15550100199", "=cmd", "bob", "carol"):
        await api.post("credentials", {"username": username, "password": "correct-horse"})
    text = (await api.get("credential-export?hashes=true")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["username"] for row in rows] == ["'+15550100199", "'=cmd", "bob", "carol"]
    before = (await api.get("credentials/carol/hashes")).json()["hashes"][0]
    await api.delete("realms/atlanta.example?force=true")
    await api.post("realms", {"name": "atlanta.example"})
    progress, refused = await imported(api, text)
    assert (progress["written"], refused) == (4, {})
    assert await names(api) == ["+15550100199", "=cmd", "bob", "carol"]
    assert (await api.get("credentials/carol/hashes")).json()["hashes"] == [before]


async def test_an_export_has_neither_passwords_nor_hashes_unless_asked_for(api, alice):
    hash1 = (await api.get("credentials/alice/hashes")).json()["hashes"][0]["hash1"]
    for form in ("csv", "json"):
        text = (await api.get(f"credential-export?format={form}")).text
        assert "alice" in text
        assert hash1 not in text
        assert "correct-horse" not in text
        assert hash1 in (await api.get(f"credential-export?format={form}&hashes=true")).text
    assert json.loads((await api.get("credential-export?format=json")).text)[0]["username"] == "alice"
    assert problem(await api.get("credential-export?realm=nowhere")) == (422, "unknown-realm")


async def test_an_empty_export_is_a_whole_document(api, desk):
    assert json.loads((await api.get("credential-export?format=json")).text) == []
    assert (await api.get("credential-export")).text.startswith("username,realm")
