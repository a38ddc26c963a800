"""A registrar with Alice and Bob in it, and what it did."""

from __future__ import annotations

import pytest

from fakes.device import ATLANTA, NOW, Device, challenges_of, credential_of, directory_of, flow_of
from trunkline.domain.authentication import AuthenticationPolicy, Authenticator
from trunkline.domain.limits import Limits
from trunkline.registrar.admission import AdmissionBucket
from trunkline.registrar.location import BindingTable, NoJournal
from trunkline.registrar.registrar import Registrar, RegistrarPolicy
from trunkline.sip.message import Response
from trunkline.sip.nonce import NonceTable


class Place:
    """A registrar and its table; ``now`` stands still until a test moves it."""

    def __init__(
        self, *, admission: AdmissionBucket | None = None, random=lambda: 0.5, authentication=None, **policy
    ) -> None:
        self.now = NOW
        self.flow = flow_of()
        self.alice = credential_of("alice")
        self.directory = directory_of(
            self.alice,
            credential_of("bob"),
            credential_of("dora", domain="somewhere.example"),
            credential_of("limited", limits=Limits(bindings=2)),
        )
        authenticator = Authenticator(
            self.directory, NonceTable(b"secret", started_at=NOW), authentication or AuthenticationPolicy()
        )
        self.table = BindingTable(NoJournal())
        self.events: list[object] = []
        self.registrar = Registrar(
            authenticator, self.table, RegistrarPolicy(**policy), random, admission, self.events.append
        )

    def register(
        self, device: Device, contacts: list[str] | None = None, *headers: str, flow=None, **request
    ) -> Response:
        """Register as a device does: answer the challenge, then the final response."""
        flow = flow or self.flow
        first = self.registrar.register(
            device.request(contacts=contacts, headers=list(headers), **request), flow, self.now
        )
        if first.status != 401:
            return first
        authorization = "Authorization: " + device.digest(challenges_of(first)[-1])
        if request.get("cseq") is not None:
            request["cseq"] += 1
        request = device.request(contacts=contacts, headers=[*headers, authorization], **request)
        return self.registrar.register(request, flow, self.now)

    def uris(self, aor: str = f"alice@{ATLANTA.name}") -> list[str]:
        return [binding.uri for binding in self.table.bindings_of(aor)]


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def make_place() -> type[Place]:
    return Place
