"""Whose limits a call counts against."""

from __future__ import annotations

from trunkline.domain.credential import Credential
from trunkline.domain.limits import Limits
from trunkline.domain.trunk import Trunk


def trunk_holder(trunk: Trunk) -> str:
    """The name under which a trunk's calls are counted."""
    return f"trunk:{trunk.id}"


def limit_holder(credential: Credential | None, trunk: Trunk | None) -> tuple[str, Limits]:
    """The credential that calls, or else the trunk that the call came in by; one of them must be there."""
    if credential is not None:
        return f"credential:{credential.id}", credential.limits
    assert trunk is not None
    return trunk_holder(trunk), trunk.limits
