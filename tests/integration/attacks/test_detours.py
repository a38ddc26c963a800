"""Nobody makes the server send where he likes, or call itself in circles."""

from __future__ import annotations

import asyncio
import re

import pytest

from fakes.name_server import NameServer
from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER
from integration.attacks.enemy import PATIENCE_S, Ear, Fort, Letter, Wire, digest, offer, token
from live_server import CHICAGO, eventually
from trunkline.app.next_hops import LocatedHops
from trunkline.edge import Edge, EdgeLimits, parse_listener
from trunkline.edge.dns_lookup import SystemLookup
from trunkline.edge.resolver import Resolver
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.uri import parse_sip_uri

pytestmark = pytest.mark.needs("openssl")

INSIDE = 90
"""Where in the network something is that only the server should be able to reach."""

OWN = ("sip:+13125550199@", "sip:bob@biloxi.example")
"""What the asker could call himself: an address instead of a realm says nothing of where to."""

CAROL_URI = f"sip:+13125550199@{ATLANTA}"


@pytest.fixture(scope="module")
def inside(fort: Fort):
    with fort.ear(INSIDE) as ear:
        yield ear


def invite(
    fort: Fort, wire: Wire, target: str, user: str = "alice", realm: str = ATLANTA, **fields: str
) -> Letter:
    """Place a call; the INVITE with the digest was sent."""
    host = wire.link.getsockname()[0]
    own = {
        "From": f"<sip:{user}@{realm}>;tag={token()}",
        "Contact": f"<sip:{user}@{host}>",
        "Content-Type": "application/sdp",
        **fields,
    }
    letter = Letter("INVITE", target, (), offer(host), transport=wire.transport, **own)
    challenge = wire.ask(letter)
    second = letter.again(
        digest(challenge, user, fort.server.passwords[f"{user}@{realm}"], method="INVITE", uri=target)
    )
    wire.send(second)
    return second


def finish(wire: Wire, letter: Letter) -> Response:
    refusal = wire.answer_to(letter)
    assert refusal.status >= 300
    wire.acknowledge(letter, refusal)
    return refusal


def test_a_device_is_reached_where_it_registered_from_whatever_it_says(fort, inside):
    """Contact, Path, Via and Route name somebody inside: calls and pings go to the device's own address."""
    with fort.ear(15) as device, fort.udp() as caller:
        for contact, path in (
            (f"<sip:bob@{inside.host}:5060>", None), (f"<sip:bob@{inside.host}:5060;transport=tcp>", None),
            (f"<sip:bob@internal.example;maddr={inside.host}>", None), (f"<sip:bob@{device.host}>", f"<sip:{inside.host};lr>"),
            (f"<sip:bob@{device.host}>", f"<sip:{inside.host}:5060>,<sip:x@{inside.host}>"), (f"<sip:bob@[::1]:{inside.port}>", None),
        ):  # fmt: skip
            fields = {"Path": path, "Supported": "path"} if path else {}
            assert fort.register(device, "bob", BILOXI, contact, **fields).status == 200
            letter = invite(fort, caller, f"sip:{BOBS_NUMBER}@{ATLANTA}")
            request = device.called()
            device.busy(request)
            assert finish(caller, letter).status == 486
            assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
        headers = f"<sip:bob@{device.host}?Route=%3Csip%3A{inside.host}%3Blr%3E>"
        assert fort.register(device, "bob", BILOXI, headers).status == 400
        assert inside.overheard() == []


def test_a_path_leads_no_further_than_to_the_host_that_the_register_came_from(fort, inside):
    with fort.ear(15) as device, fort.ear(15, 5070) as proxy, fort.udp() as caller:
        path = f"<sip:{proxy.host}:5070;lr>,<sip:{inside.host};lr>"
        assert fort.register(device, "bob", BILOXI, Path=path, Supported="path").status == 200
        letter = invite(fort, caller, f"sip:{BOBS_NUMBER}@{ATLANTA}")
        request = proxy.called()
        assert request.values("Route") == path.split(",")
        proxy.busy(request)
        finish(caller, letter)
        assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
        assert inside.overheard() == []


def established(
    fort: Fort, caller: Wire, callee: Ear, target: str, **fields: str
) -> tuple[Letter, Response, Request]:
    """A call that stands: the INVITE, its answer, and what the callee got."""
    letter = invite(fort, caller, target, **fields)
    request = callee.called()
    callee.respond(request, 200, body=offer(callee.host))
    answered = caller.answer_to(letter)
    assert answered.status == 200
    caller.send(in_dialog("ACK", letter, answered))
    callee.called("ACK")
    return letter, answered, request


def in_dialog(
    method: str,
    letter: Letter,
    answered: Response,
    *headers: tuple[str, str],
    body: str = "",
    cseq: int = 0,
    **fields: str,
) -> Letter:
    own = {"To": answered.get("To"), "From": letter.fields["From"], "Call-ID": letter.fields["Call-ID"]}
    own["CSeq"] = f"{cseq or answered.cseq_number} {method}"
    own |= {"Content-Type": "application/sdp"} if body else {}
    return Letter(method, answered.addresses("Contact")[0].uri.text, headers, body, **{**own, **fields})


def test_requests_within_a_call_go_to_the_device_and_not_to_its_contact(fort, inside):
    """Neither the Contact of an INVITE, of its answer, nor of a re-INVITE, and no Record-Route of a device is followed."""
    with fort.ear(15) as device, fort.ear(16) as caller:
        assert fort.register(device, "bob", BILOXI).status == 200
        letter = invite(
            fort, caller, f"sip:{BOBS_NUMBER}@{ATLANTA}", Contact=f"<sip:alice@{inside.host}>", **{"Record-Route": f"<sip:{inside.host};lr>"}
        )  # fmt: skip
        request = device.called()
        route = [("Record-Route", f"<sip:{inside.host};lr>"), ("Contact", f"<sip:bob@{inside.host}>")]
        response = [*route, ("Content-Type", "application/sdp")]
        device.send(response_to(request, 200, "", "ear", response, offer(device.host).encode()).to_bytes())
        answered = caller.answer_to(letter)
        caller.send(in_dialog("ACK", letter, answered))
        device.called("ACK")
        again = in_dialog(
            "INVITE", letter, answered, body=offer(caller.host, 40_002), cseq=10**6, Contact=f"<sip:alice@{inside.host}>"
        )  # fmt: skip
        caller.send(again)
        change = device.called()
        device.send(
            response_to(change, 200, "", "", response, offer(device.host, 40_002).encode()).to_bytes()
        )
        changed = caller.answer_to(again)
        assert changed.status == 200
        caller.send(in_dialog("ACK", letter, changed, cseq=10**6))
        device.called("ACK")
        assert caller.ask(in_dialog("BYE", letter, answered, cseq=10**6 + 1)).status == 200
        device.respond(device.called("BYE"), 200)
        assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
        assert inside.overheard() == []


@pytest.mark.parametrize(
    "target",
    [
        "sip:x@{inside}", "sip:x@{inside}:5060;transport=tcp", "sip:x@evil.example;maddr={inside}", "sip:{inside}", "sips:x@{inside}",
        "sip:+13125550199@{inside};method=BYE", "http://{inside}/", "tel:911", "sip:x@evil.example?Route=%3Csip%3A{inside}%3Blr%3E",
        "sip:bob@biloxi.example?Replaces=guess%3Bto-tag%3D1%3Bfrom-tag%3D2", "sip:evan@evanston.example", "urn:service:sos",
    ],
)  # fmt: skip
def test_a_transfer_or_redirection_leads_to_nobody_but_whom_its_asker_may_call(fort, inside, target):
    target = target.format(inside=inside.host)
    with fort.ear(15) as device, fort.ear(16) as caller, fort.ear(CHICAGO) as carrier:
        assert fort.register(device, "bob", BILOXI).status == 200
        letter, answered, _ = established(fort, caller, device, f"sip:{BOBS_NUMBER}@{ATLANTA}")
        refer = in_dialog(
            "REFER",
            letter,
            answered,
            ("Refer-To", f"<{target}>"),
            ("Referred-By", f"<sip:{inside.host}>"),
            cseq=10**6,
        )
        accepted = caller.ask(refer)
        if accepted.status == 202:
            notify = caller.called("NOTIFY")
            while b"SIP/2.0 1" in notify.body:
                caller.respond(notify, 200)
                notify = caller.called("NOTIFY")
            caller.respond(notify, 200)
            assert notify.body[8:9] in (b"4", b"5"), notify.body
        else:
            assert accepted.status in (400, 481, 501), target
        assert caller.ask(in_dialog("BYE", letter, answered, cseq=10**6 + 1)).status == 200
        device.respond(device.called("BYE"), 200)
        if target.startswith(OWN):
            assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
            return
        # The same by a redirection.
        letter = invite(fort, caller, f"sip:{BOBS_NUMBER}@{ATLANTA}")
        device.respond(device.called(), 302, [("Contact", f"<{target}>")])
        device.called("ACK")
        assert finish(caller, letter).status == 480
        assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
        assert [one for one in carrier.overheard(0.05) if "INVITE" in one] == []
        assert inside.overheard(0.05) == []


def test_a_carrier_can_transfer_nobody(fort, inside):
    with fort.ear(15) as device, fort.ear(CHICAGO) as carrier:
        assert fort.register(device, "bob", BILOXI).status == 200
        letter = Letter(
            "INVITE", f"sip:{BOBS_NUMBER}@{fort.server.host}", (), offer(carrier.host), Content_Type="application/sdp",
            From="<sip:+17735550100@carrier.example>;tag=1", Contact=f"<sip:x@{carrier.host}>",
        )  # fmt: skip
        carrier.send(letter)
        device.respond(device.called(), 200, body=offer(device.host))
        answered = carrier.answer_to(letter)
        carrier.send(in_dialog("ACK", letter, answered))
        device.called("ACK")
        for number, target in enumerate((f"sip:x@{inside.host}", CAROL_URI, f"sip:alice@{ATLANTA}")):
            refer = in_dialog("REFER", letter, answered, ("Refer-To", f"<{target}>"), cseq=10**6 + number)
            assert carrier.ask(refer).status == 403
        assert carrier.ask(in_dialog("BYE", letter, answered, cseq=10**6 + 9)).status == 200
        device.respond(device.called("BYE"), 200)
        # Nor by a redirection of a call to it.
        letter = invite(fort, device, CAROL_URI, user="bob", realm=BILOXI)
        carrier.respond(carrier.called(), 302, [("Contact", f"<sip:x@{inside.host}>")])
        carrier.called("ACK")
        assert finish(device, letter).status == 480
        assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
        assert inside.overheard(0.05) == []


def test_a_trunk_that_leads_to_ourselves_is_not_followed(build):
    fort = build(options=())
    server = fort.server
    server.add_trunk(
        "mirror", f"sip:{server.host}:{server.port}", prefixes=("+44",), allowed_ips=(f"{server.host}/32",)
    )
    server.add_trunk(
        "mirror-by-tcp", f"sip:{server.host}:{server.port};transport=tcp", prefixes=("+44",), priority=2
    )
    server.add_number("+442071838750", "trunk:mirror-by-tcp")
    server.wait_for_changes()
    with fort.udp() as caller:
        for number in ("+442071838750", "+442071838751"):
            letter = invite(fort, caller, f"sip:{number}@{ATLANTA}")
            assert finish(caller, letter).status == 503
    assert server.metrics()["trunkline_calls"] == 0
    assert eventually(lambda: len(server.cdrs()) == 2)


# Addresses at which nobody listens whom a test could ask: what was sent is read in the trace.

NEVER = (
    "224.0.1.75", "255.255.255.255", "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.169.254:80", "[ff02::1]", "[fe80::1]",
    "[::ffff:169.254.169.254]", "{inside}:22", "{inside}:53", "{inside}:389",
)  # fmt: skip
"""Many hosts, our link, and ports of other services."""


def sent_to(fort: Fort, since: int) -> set[str]:
    """Whom the server sent anything to."""
    return set(re.findall(r" -> (?:udp|tcp|tls|ws):(\S+)", fort.server.log()[since:]))


def test_nothing_goes_where_a_device_or_stranger_points_be_it_nowhere_or_a_service(fort, inside):
    with fort.ear(15) as device, fort.ear(16) as caller, fort.ear(71, 5062) as mallory:
        since = len(fort.server.log())
        for target in (each.format(inside=inside.host) for each in NEVER):
            spread = {
                "Contact": f"<sip:bob@{target}>", "Path": f"<sip:{target};lr>", "Supported": "path", "Route": f"<sip:{target};lr>",
                "Record-Route": f"<sip:{target};lr>",
            }  # fmt: skip
            for method in ("OPTIONS", "INVITE", "REGISTER", "BYE"):
                via = f"SIP/2.0/UDP {target};branch=z9hG4bK{token()};maddr={target.rpartition(':')[0] or target};rport"
                assert (
                    mallory.ask(Letter(method, f"sip:{ATLANTA}", (), **{**spread, "Via": via})).status >= 200
                )
            contact = spread.pop("Contact")
            assert fort.register(device, "bob", BILOXI, contact, **spread).status == 200, target
            letter = invite(
                fort, caller, f"sip:{BOBS_NUMBER}@{ATLANTA}", Contact=contact, **{"Record-Route": spread["Record-Route"]}
            )  # fmt: skip
            device.respond(
                device.called(),
                200,
                [("Record-Route", spread["Record-Route"])],
                offer(device.host),
                contact=contact,
            )
            answered = caller.answer_to(letter)
            assert answered.status == 200, target
            caller.send(in_dialog("ACK", letter, answered))
            device.called("ACK")
            caller.send(in_dialog("BYE", letter, answered, cseq=10**6))
            device.respond(device.called("BYE"), 200)
            assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
        assert {f"{device.host}:5060", f"{caller.host}:5060", f"{mallory.host}:5062"} <= sent_to(fort, since)
        assert strays(fort, inside, since) == set()


def strays(fort: Fort, inside: Ear, since: int) -> set[str]:
    """Whom it sent to that is no party of a test: late repetitions for those of other tests are none."""
    network = fort.server.host.rpartition(".")[0] + "."
    forbidden = (f"{inside.host}:", f"{fort.server.host}:")
    return {
        place
        for place in sent_to(fort, since)
        if not place.startswith(network) or place.startswith(forbidden)
    }


def hand_over(fort: Fort, caller: Wire, carrier: Ear, route: list[tuple[str, str]], contact: str) -> None:
    """A call to a carrier that says it is elsewhere now, and is hung up."""
    letter = invite(fort, caller, CAROL_URI)
    carrier.respond(carrier.called(), 200, route, offer(carrier.host), contact=contact)
    answered = caller.answer_to(letter)
    assert answered.status == 200
    caller.send(in_dialog("ACK", letter, answered))
    assert caller.ask(in_dialog("BYE", letter, answered, cseq=10**6)).status == 200


@pytest.mark.parametrize("way", ["Contact", "Record-Route"])
def test_a_carrier_hands_its_calls_over_to_hosts_like_itself_only(fort, inside, way):
    with fort.ear(CHICAGO) as carrier, fort.ear(16) as caller, fort.ear(3) as its_other_server:

        def aimed(target: str) -> set[str]:
            since = len(fort.server.log())
            route = [("Record-Route", f"<sip:{target};lr>")] if way == "Record-Route" else []
            contact = f"<sip:carol@{target}>" if way == "Contact" else f"<sip:carol@{carrier.host}>"
            hand_over(fort, caller, carrier, route, contact)
            carrier.overheard(0.02)
            assert f"{carrier.host}:5060" in sent_to(fort, since)
            return strays(fort, inside, since)

        since = len(fort.server.log())
        assert aimed(f"{its_other_server.host}:5060") == set()
        assert f"{its_other_server.host}:5060" in sent_to(fort, since)
        for target in NEVER:
            assert aimed(target.format(inside=inside.host)) == set(), target
        assert aimed(f"{fort.server.host}:5060") == set()
    assert inside.overheard() == []


ZONE = """
_sip._udp.rebound.example. 60 IN SRV 10 5 5060 metadata.rebound.example.
_sip._udp.rebound.example. 60 IN SRV 20 5 5060 many.rebound.example.
_sip._udp.rebound.example. 60 IN SRV 30 5 {port} us.rebound.example.
_sip._udp.rebound.example. 60 IN SRV 40 5 5060 honest.rebound.example.
metadata.rebound.example. 60 IN A 169.254.169.254
metadata.rebound.example. 60 IN AAAA fe80::1
many.rebound.example. 60 IN A 224.0.1.75
many.rebound.example. 60 IN A 255.255.255.255
many.rebound.example. 60 IN A 0.0.0.0
many.rebound.example. 60 IN AAAA ff02::1
us.rebound.example. 60 IN A 127.0.0.1
honest.rebound.example. 60 IN A 127.0.0.9
"""


class NoReceiver:
    """Hears nothing."""

    def received(self, data, flow): ...
    def malformed(self, flow, reason, head): ...
    def flow_closed(self, flow, reason): ...
    def send_failed(self, flow, data, reason): ...


async def test_no_answer_of_dns_leads_to_many_hosts_our_link_or_ourselves():
    edge = Edge([parse_listener("udp:127.0.0.1:0")], NoReceiver(), EdgeLimits())
    await edge.start()
    try:
        async with NameServer(ZONE.format(port=edge.listeners[0].port)) as server:
            resolver = Resolver(
                ("udp",), ("A", "AAAA"), SystemLookup(["127.0.0.1"], server.port, hosts_file="/dev/null")
            )
            found = asyncio.get_running_loop().create_future()
            LocatedHops(edge, resolver).find(parse_sip_uri("sip:carol@rebound.example"), found.set_result)
            hops = await asyncio.wait_for(found, PATIENCE_S)
            assert ("many.rebound.example.", "A") in server.asked
            assert [hop.flow.host for hop in hops] == ["127.0.0.9"]
            resolver.stop()
    finally:
        await edge.stop()
