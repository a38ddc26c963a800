"""The usual cast: Alice and Dave in Atlanta, Bob in Biloxi, Carol behind the trunks chicago and denver.

Erin, Frank, Grace and Heidi, also of Atlanta, may do less than others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from live_server import CHICAGO, DENVER, LiveServer
from trunkline.domain.credential import CallerIdRule
from trunkline.domain.limits import Limits

ATLANTA = "atlanta.example"
BILOXI = "biloxi.example"
ALICE = f"alice@{ATLANTA}"
DAVE = f"dave@{ATLANTA}"
BOB = f"bob@{BILOXI}"
ERIN = f"erin@{ATLANTA}"
FRANK = f"frank@{ATLANTA}"
GRACE = f"grace@{ATLANTA}"
HEIDI = f"heidi@{ATLANTA}"
CAROL = "+13125550199"
TO_CAROL = f"{CAROL}@{ATLANTA}"
BOBS_NUMBER = "+13125550100"
BRIEF_RING_S = 3

FRANKS_PAUSE_S = 4.0
"""So long Frank has to wait from one call to the next: longer than a slow machine takes for two."""

PRIVILEGES: dict[str, dict[str, Any]] = {
    ERIN: {"limits": Limits(concurrent_calls=1, destinations=("+1", "-+1900"))},
    FRANK: {"limits": Limits(calls_per_second=1 / FRANKS_PAUSE_S)},
    GRACE: {"caller_id_rule": CallerIdRule.FIXED, "caller_id": BOBS_NUMBER},
    HEIDI: {"caller_id_rule": CallerIdRule.OWNED},
}


def town(folder: Path, *, make: type[LiveServer] = LiveServer, **arguments: Any) -> LiveServer:
    """A server that knows them; the trunks ring for a moment only."""
    server = make(folder, **arguments)
    server.add_realm(ATLANTA)
    server.add_realm(BILOXI)
    server.add_credential("bob", BILOXI)
    server.add_number(BOBS_NUMBER, f"sip:{BOB}")
    for aor in (ALICE, DAVE, ERIN, FRANK, GRACE, HEIDI):
        server.add_credential(aor.partition("@")[0], ATLANTA, **PRIVILEGES.get(aor, {}))
    own = {"prefixes": ("+1",), "ring_timeout_s": BRIEF_RING_S}
    server.add_trunk("chicago", CHICAGO, allowed_ips=(server.network.address(CHICAGO),), **own)
    server.add_trunk("denver", DENVER, priority=2, **own)
    return server
