"""One admitted request: who asks, about which account, and the use cases in his hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path
from starlette.requests import Request

from trunkline.api.authentication import gate_of, source_of
from trunkline.api.native.documents import LARGEST_ID, Document, entity_tag, tags_of
from trunkline.domain.clock import Clock
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.operations.operations import Operations
from trunkline.provisioning.change_description import AuditedNoun
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.provisioning import Provisioning


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route stands on. ``account_id`` is 0 where the path names no account."""

    request: Request
    principal: Principal
    account_id: int

    @property
    def provisioning(self) -> Provisioning:
        """The use cases in the hands of the sender."""
        return gate_of(self.request).provisioning.acting_as(self.principal, source_of(self.request))

    @property
    def operations(self) -> Operations:
        """The running server."""
        return cast("Operations", self.request.app.state.operations)

    @property
    def clock(self) -> Clock:
        """The server's clock."""
        return cast("Clock", self.request.app.state.clock)

    def may(self, permission: Permission) -> bool:
        """Whether the sender may do this in the account of the path."""
        return self.principal.may(permission, self.account_id)

    def location(self, *steps: str | int) -> str:
        """The path of something in the account."""
        prefix = self.request.scope.get("root_path", "")
        return "/".join((f"{prefix}/accounts/{self.account_id}", *(str(step) for step in steps)))

    def changing(self, noun: AuditedNoun, document: Document) -> Provisioning:
        """The use cases for a change of a noun, as it is shown by a document.

        They refuse it when the noun is another one by then. Raises ProvisioningFault when it already is another than
        the sender's If-Match says.
        """
        wanted = self.request.headers.get("if-match")
        if wanted is not None and wanted.strip() != "*" and entity_tag(document) not in tags_of(wanted):
            raise ProvisioningFault(
                FaultCode.CHANGED_MEANWHILE,
                "It is another one than the If-Match says: it was changed since you got it.",
            )
        gate = gate_of(self.request)
        return gate.provisioning.acting_as(self.principal, source_of(self.request), expected=noun)

    @property
    def has_precondition(self) -> bool:
        """Whether the sender said what he has seen."""
        return "if-match" in self.request.headers


def admitted(request: Request) -> Asked:
    """What the route has admitted."""
    return cast("Asked", request.state.asked)


def admitted_in_account(
    request: Request,
    account: Annotated[  # noqa: ARG001 - admitted already, and stands in the description
        int, Path(ge=1, le=LARGEST_ID, examples=[1000001], description="The account's number.")
    ],
) -> Asked:
    """What the route has admitted, in the account of the path."""
    return cast("Asked", request.state.asked)


AskedAnywhere = Annotated[Asked, Depends(admitted)]
AskedNow = Annotated[Asked, Depends(admitted_in_account)]
