"""Bindings on disk, on SQLite and on PostgreSQL."""

from contract.nouns import NOW
from trunkline.domain.binding import Binding
from trunkline.sip.flow import Flow, Listener
from trunkline.store.binding_listing import list_bindings
from trunkline.store.bindings import BindingWriter, listener_text, load_bindings

UDP = Listener("udp", "192.0.2.1", 5060, "203.0.113.1", 15060)
TLS6 = Listener("tls", "2001:db8::1", 5061)
LISTENERS = {listener_text(one): one for one in (UDP, TLS6)}


def binding(aor="alice@atlanta.example", uri="sip:alice@198.51.100.7:5060", **changes):
    fields = {
        "contact": f"<{uri}>", "call_id": "a84b4c76e66710", "cseq": 4_294_967_295, "expires_at": NOW + 3600, "q": 500,
        "flow": Flow(UDP, "198.51.100.7", 5060), "path": (), "instance": "", "reg_id": 0,
        "user_agent": "Phone/1.0 ü", "registered_at": NOW,
    } | changes  # fmt: skip
    return Binding(aor, uri, **fields)


def fields(one):
    names = (
        "aor", "uri", "contact", "call_id", "cseq", "expires_at", "q", "path", "instance", "reg_id", "user_agent",
        "registered_at",
    )  # fmt: skip
    return [getattr(one, name) for name in names]


async def write(database, *changes):
    writer = BindingWriter(database)
    writer.start()
    for change in changes:
        if isinstance(change, tuple):
            writer.removed(*change)
        else:
            writer.changed(change)
    await writer.close()
    assert writer.waiting == 0
    return writer


async def load(database, listeners=LISTENERS, now=NOW):
    return await load_bindings(database, listeners, now)


async def test_a_binding_comes_back_as_it_was(database):
    written = binding(
        path=("<sip:edge-1.example;lr>", "<sip:edge-2.example;lr>"), instance="<urn:uuid:1>", reg_id=2
    )
    await write(database, written)
    (loaded,) = await load(database)
    assert fields(loaded) == fields(written)
    assert loaded.flow == written.flow
    assert loaded.flow.listener is UDP


async def test_a_stream_comes_back_without_its_connection(database):
    await write(database, binding(flow=Flow(TLS6, "2001:db8::7", 40_000, connection=17)))
    (loaded,) = await load(database)
    assert (loaded.flow.listener, loaded.flow.host, loaded.flow.port) == (TLS6, "2001:db8::7", 40_000)
    assert loaded.flow.connection == 0


async def test_the_last_change_counts(database):
    first, second = binding(cseq=1), binding(cseq=2)
    other = binding(uri="sip:alice@198.51.100.8", cseq=7)
    writer = await write(database, first, second, other, (other.aor, other))
    assert writer.written == 2
    assert [one.cseq for one in await load(database)] == [2]
    await write(database, ("alice@atlanta.example", second), binding(cseq=3))
    assert [one.cseq for one in await load(database)] == [3]
    await write(database, ("alice@atlanta.example", second))
    assert await load(database) == []


async def test_bindings_differ_by_contact_instance_and_flow_number(database):
    await write(
        database, binding(), binding(instance="<urn:uuid:1>", reg_id=1), binding(instance="<urn:uuid:1>", reg_id=2),
        binding(uri="sip:alice@198.51.100.8"), binding(aor="bob@biloxi.example"),
    )  # fmt: skip
    assert len(await load(database)) == 5


async def test_expired_bindings_do_not_come_back(database):
    await write(database, binding(expires_at=NOW), binding(aor="bob@biloxi.example", expires_at=NOW + 0.5))
    assert [one.aor for one in await load(database)] == ["bob@biloxi.example"]
    assert [one.aor for one in await load(database, now=NOW - 1)] == ["bob@biloxi.example"]


async def test_a_listener_that_moved_is_replaced_by_its_like(database):
    moved = Listener("udp", "192.0.2.99", 5080)
    await write(database, binding(), binding(aor="bob@biloxi.example", flow=Flow(TLS6, "2001:db8::7", 4000)))
    loaded = await load(database, {listener_text(moved): moved})
    assert [(one.aor, one.flow.listener) for one in loaded] == [("alice@atlanta.example", moved)]


async def test_texts_that_no_database_takes_do_not_hold_up_the_others(database):
    broken = binding(user_agent="half\ud800 and nul\0")
    writer = await write(database, broken, binding(aor="bob@biloxi.example"))
    loaded = {one.aor: one for one in await load(database)}
    assert loaded.keys() == {"alice@atlanta.example", "bob@biloxi.example"}
    assert writer.refused == 0
    assert "half" in loaded["alice@atlanta.example"].user_agent


async def test_bindings_are_listed_as_they_are_on_disk(database):
    written = binding(instance="<urn:uuid:1>", path=("<sip:edge.example;lr>",))
    await write(
        database, written, binding(aor="bob@biloxi.example"), binding(aor="carol@x.example", expires_at=NOW)
    )
    listed = await list_bindings(database, NOW)
    assert [one.aor for one in listed] == ["alice@atlanta.example", "bob@biloxi.example"]
    assert (listed[0].listener, listed[0].path) == ("udp:192.0.2.1:5060", ("<sip:edge.example;lr>",))
    assert [one.aor for one in await list_bindings(database, NOW, aor="BOB@biloxi.example")] == [
        "bob@biloxi.example"
    ]
    assert len(await list_bindings(database, NOW, limit=1)) == 1
