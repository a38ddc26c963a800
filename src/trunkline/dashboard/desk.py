"""What the pages stand on: the use cases, and where the server can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trunkline.dashboard.one_time_links import OneTimeLinks
from trunkline.dashboard.setup_token import SetupToken
from trunkline.domain.clock import Clock
from trunkline.operations.operations import Operations
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.provisioning import Provisioning
from trunkline.sip.flow import Listener


class Reach(Protocol):
    """Where devices and peers find this server, and how it is set up."""

    def listeners(self, account_id: int) -> tuple[Listener, ...]:
        """The listeners that serve an account, each advertising an address that others can use."""
        ...

    @property
    def every_listener(self) -> tuple[Listener, ...]:
        """All listeners, those that are some account's own too."""
        ...

    @property
    def in_effect(self) -> tuple[tuple[str, str], ...]:
        """The settings of the installation by their names, secrets starred out."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that pages ask; one for the whole server. ``operations`` None: nothing can be seen live."""

    provisioning: Provisioning
    access: AccessControl
    operations: Operations | None
    reach: Reach
    clock: Clock
    links: OneTimeLinks
    setup: SetupToken
