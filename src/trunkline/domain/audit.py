"""The audit log: who changed what, when, and from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trunkline.domain.principal import PrincipalKind

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
"""What JSON can say."""


class Action(StrEnum):
    """What was done to a noun."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; None where there was or is nothing. Of a secret, only that it is another one."""

    name: str
    old: JsonValue
    new: JsonValue


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change that was committed.

    ``account_id`` is None for what belongs to the whole installation. ``source`` is the address it was asked for
    from, ``key`` what people know the noun by: a realm's name, a credential's address-of-record, a user's name.
    """

    id: int
    at: float
    account_id: int | None
    actor_kind: PrincipalKind
    actor_id: str
    actor_name: str
    source: str
    action: Action
    noun: str
    key: str
    changes: tuple[FieldChange, ...] = ()
