"""What an operator sees of the running system by JSON, and does to it."""

import csv
import io
import json

from contract.native.conftest import ALICE, BOB, problem
from fakes.operations import OURS, THEIRS
from trunkline.operations.events import EventKind


async def test_registrations_are_listed_searched_and_really_ended(api, operations):
    (device,) = (await api.get("registrations")).json()["items"]
    assert (device["aor"], device["host"], device["transport"]) == (ALICE, "192.0.2.10", "udp")
    assert device["user_agent"].startswith("Phone/"), "half a character must not break the answer"
    assert (await api.get("registrations?search=nothing")).json()["items"] == []
    assert (await api.get(f"registrations/{BOB}")).json()["registrations"] == []
    assert problem(await api.delete(f"registrations/{BOB}")) == (404, "not-known")
    assert (await api.delete(f"registrations/{ALICE}")).json() == {"removed": 1}
    assert (await api.get("registrations")).json()["items"] == []
    assert operations.bindings.bindings_of(BOB)


async def test_a_timeline_says_why_a_device_was_refused_and_the_diagnosis_what_to_do(api):
    timeline = (await api.get(f"registrations/{ALICE}/timeline")).json()
    (entry,) = timeline["items"]
    assert (entry["kind"], entry["code"], timeline["refusals"]) == ("refused", "wrong-password", 1)
    diagnosis = (await api.post("diagnosis", {"timeline_id": entry["id"], "password": "x"})).json()
    assert (diagnosis["cause"], diagnosis["code"]) == ("wrong-password", "wrong-password")
    assert diagnosis["cure"]
    assert "try again" in diagnosis["form"]
    assert (await api.get(f"registrations/{BOB}/timeline")).json()["items"] == []
    assert problem(await api.post("diagnosis", {"timeline_id": 2})) == (404, "not-known")
    assert problem(await api.post("diagnosis", {"call_id": "their-past"})) == (404, "not-known")
    assert (await api.post("diagnosis", {"call_id": "our-past"})).json()["code"] == "no-trunk"
    assert problem(await api.post("diagnosis", {})) == (422, "invalid-request")


async def test_running_calls_are_shown_and_hung_up(api, operations):
    (call,) = (await api.get("calls")).json()["items"]
    assert (call["id"], call["state"], call["legs"][0]["name"]) == ("our-call", "trying", "caller")
    assert problem(await api.get("calls/their-call")) == (404, "not-known")
    assert problem(await api.delete("calls/their-call")) == (404, "not-known")
    assert (await api.delete("calls/our-call")).status_code == 204
    assert problem(await api.delete("calls/our-call")) == (404, "not-known")
    assert list(operations.live.running) == ["their-call"]


async def test_past_calls_are_searched_and_exported(api):
    (past,) = (await api.get("cdrs?rejection=no-trunk&since=2020-01-01T00:00:00Z&answered=false")).json()[
        "items"
    ]
    assert (past["id"], past["rejection"], past["started_at"]) == (
        "our-past",
        "no-trunk",
        "2023-11-14T22:13:20Z",
    )
    assert problem(await api.get("cdrs/their-past")) == (404, "not-known")
    answer = await api.get("cdrs.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["call_id"] for row in rows] == ["our-past"]
    assert rows[0]["caller"] == "'=cmd()", "a formula of a stranger must not run in a spreadsheet"


async def test_a_ladder_comes_as_json_text_and_capture(api):
    ladder = (await api.get("calls/our-past/ladder")).json()
    assert (ladder["call_id"], ladder["is_captured"]) == ("our-past", False)
    assert ladder["notes"]
    assert (await api.get("calls/our-past/ladder.txt")).text.startswith("Call our-past")
    capture = await api.get("calls/our-past/ladder.pcap")
    assert capture.content[:4] == bytes.fromhex("d4c3b2a1")
    for ending in ("", ".txt", ".pcap"):
        assert problem(await api.get(f"calls/their-past/ladder{ending}")) == (404, "not-known")


async def test_refusals_are_remembered_by_account(api, operations):
    for number in range(3):
        operations.events.publish(
            EventKind.REFUSED, ALICE, OURS, {"code": "replay", "aor": ALICE, "n": number}
        )
    operations.events.publish(EventKind.REFUSED, BOB, THEIRS, {"code": "replay"})
    operations.events.publish(EventKind.REGISTERED, ALICE, OURS, {})
    first = (await api.get("rejections?limit=2")).json()
    rest = (await api.get(f"rejections?limit=2&after={first['next']}")).json()
    assert [one["data"]["n"] for one in first["items"] + rest["items"]] == [2, 1, 0]
    assert rest["next"] is None
    diagnosis = (await api.post("diagnosis", {"event_id": first["items"][0]["id"]})).json()
    assert diagnosis["cause"] == "replay"


async def test_the_overview_is_the_account_s_own(api, operations):
    operations.events.publish(EventKind.REFUSED, ALICE, OURS, {"code": "replay"})
    operations.events.publish(EventKind.REFUSED, BOB, THEIRS, {"code": "replay"})
    overview = (await api.get("overview")).json()
    assert (overview["registrations"], overview["calls"], overview["refusals"]) == (1, 1, {"replay": 1})
    assert [trunk["name"] for trunk in overview["trunks"]] == ["chicago"]
    (minute,) = (await api.get("overview/minutes")).json()["items"]
    assert (minute["registrations"], minute["calls"], minute["refused"]) == (1, 1, {"replay": 1})


async def test_registration_events_are_the_account_s_own(api):
    (event,) = (await api.get("registration-events?kind=refused")).json()["items"]
    assert (event["aor"], event["code"]) == (ALICE, "wrong-password")
    assert (await api.get("registration-events?kind=moved")).json()["items"] == []


async def test_every_code_has_a_sentence_and_a_cure(api):
    codes = (await api.get("rejection-codes")).json()["items"]
    assert {"wrong-password", "no-trunk"} <= {one["code"] for one in codes}
    assert all(one["sentence"] and one["cure"] and one["status"] >= 400 for one in codes)


async def test_a_dry_run_tells_what_would_happen(api):
    result = (await api.post("dry-run", {"aor": ALICE, "to": "+15550100199"})).json()
    assert (result["outcome"], result["rejection"]["code"], result["number"]) == (
        "refused",
        "no-trunk",
        "+15550100199",
    )
    assert [step["about"] for step in result["steps"]][:2] == ["server", "authentication"]
    foreign = (await api.post("dry-run", {"aor": BOB, "to": "+15550100199"})).json()
    assert foreign["rejection"]["code"] == "unknown-user"
    assert problem(await api.post("dry-run", {"to": "1"})) == (422, "invalid-request")


async def test_the_hash_doctor_hashes_and_recognises(api):
    wish = {"username": "alice", "realm": "atlanta.example", "password": "correct-horse"}
    forms = (await api.post("hashes", wish)).json()["forms"]
    hash1 = next(form for form in forms if (form["name"], form["algorithm"]) == ("Hash1", "MD5"))
    assert hash1["hashed"] == "alice:atlanta.example:********"
    known = (await api.post("hashes/recognition", wish | {"hash": hash1["value"]})).json()
    assert (known["form"]["name"], known["works"]) == ("Hash1", True)
    cut = (await api.post("hashes/recognition", wish | {"hash": hash1["value"][:-1]})).json()
    assert (cut["intact"], cut["works"]) == (False, False)
    strange = (await api.post("hashes/recognition", wish | {"hash": "f" * 32})).json()
    assert strange["form"] is None


class Stream:
    """Reads server-sent events from the application itself: httpx would wait for the end."""

    def __init__(self, application, path, auth, headers=()):
        import asyncio
        import base64

        self._asyncio = asyncio
        self.sent = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False
        token = base64.b64encode(":".join(auth).encode())
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "root_path": "", "server": ("native.example", 80), "client": ("127.0.0.1", 9),
            "headers": [(b"authorization", b"Basic " + token), *headers],
        }  # fmt: skip
        self.task = asyncio.create_task(application(scope, self._receive, self.sent.put))

    async def _receive(self):
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b""}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def next(self):
        message = await self._asyncio.wait_for(self.sent.get(), 30)
        return message.get("status") or message["body"].decode()

    async def close(self):
        self._gone.set()
        await self._asyncio.wait_for(self.task, 30)


async def test_events_come_as_they_happen_and_only_ours(application, api, operations):
    stream = Stream(application, api.path("events?kinds=refused&kinds=registered"), api.auth)
    assert await stream.next() == 200
    assert await stream.next() == "retry: 3000\n\n"
    operations.events.publish(EventKind.REGISTERED, BOB, THEIRS, {})
    operations.events.publish(EventKind.EXPIRED, ALICE, OURS, {})
    operations.events.publish(EventKind.REGISTERED, ALICE, OURS, {"user_agent": "a\nevent: x\n\n\udc80"})
    lines = (await stream.next()).split("\n")
    assert lines[1] == "event: registered"
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", "", ""]
    assert json.loads(lines[2].removeprefix("data: "))["subject"] == ALICE
    await stream.close()
    assert not any(one.waits for one in operations.events._subscriptions)


async def test_who_was_away_hears_what_he_missed(application, api, operations):
    first = operations.events.publish(EventKind.REGISTERED, ALICE, OURS, {"n": 1})
    operations.events.publish(EventKind.REGISTERED, ALICE, OURS, {"n": 2})
    header = (b"last-event-id", str(first.id).encode())
    stream = Stream(application, api.path("events"), api.auth, [header])
    await stream.next()
    await stream.next()
    assert '"n":2' in await stream.next()
    await stream.close()


async def test_a_silent_stream_beats_and_ends_with_its_key(application, api, operations, clock, monkeypatch):
    from trunkline.api.native import events

    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    made = (await api.post("keys", {"name": "k", "role": "viewer"})).json()
    stream = Stream(application, api.path("events"), (made["id"], made["secret"]))
    await stream.next()
    await stream.next()
    assert (await stream.next()).startswith(": ")
    await api.delete(f"keys/{made['id']}")
    clock.advance(1)
    while await stream.next():
        pass
    assert not any(one.waits for one in operations.events._subscriptions)


async def test_a_principal_has_a_bounded_number_of_streams(application, api, monkeypatch):
    from trunkline.api.native import events

    monkeypatch.setattr(events, "MOST_STREAMS", 1)
    stream = Stream(application, api.path("events"), api.auth)
    assert await stream.next() == 200
    assert problem(await api.get("events")) == (429, "too-many-requests")
    await stream.close()
    again = Stream(application, api.path("events"), api.auth)
    assert await again.next() == 200
    await again.close()
