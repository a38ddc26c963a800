"""The first-run checklist: from an empty account to a registered phone and a placed call, computed from what there is."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.dashboard.visit import Visit


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``action`` is what its button says, ``path`` where that leads below the account's address."""

    title: str
    text: str
    is_done: bool
    action: str
    path: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps in their order; ``next`` is the first that is open, None when all are done."""

    steps: tuple[Step, ...]

    @property
    def next(self) -> Step | None:
        """The step to take now."""
        return next((step for step in self.steps if not step.is_done), None)

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.is_done for step in self.steps)


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is in an account; what only a running server knows is None without one."""

    realms: int
    credentials: int
    numbers: int
    trunks: int
    devices: int | None
    calls: int | None


async def holdings(visit: Visit) -> Holdings:
    """What the visitor's account holds."""
    account, provisioning, operations = visit.account.id, visit.provisioning, visit.desk.operations
    realms = await provisioning.realms.of(account)
    return Holdings(
        realms=len(realms),
        credentials=sum(count for _, count in realms),
        numbers=await provisioning.numbers.count(account),
        trunks=len(await provisioning.trunks.of(account)),
        devices=None if operations is None else await operations.registrations.count(account),
        calls=None if operations is None else operations.calls.count(account),
    )


async def checklist(visit: Visit, held: Holdings) -> Checklist:
    """The checklist of the visitor's account. Steps that only a running server can know stay open without one."""
    account, operations = visit.account.id, visit.desk.operations
    newest = await visit.provisioning.credentials.page(account, limit=1, newest_first=True)
    called = operations is not None and bool((await operations.cdrs.page(account, limit=1)).cdrs)
    device_path = f"credentials/{newest[0].id}" if newest else "credentials/new"
    return Checklist(
        (
            Step(
                "Add a realm",
                "The name that devices register at, such as desk.",
                held.realms > 0,
                "Add a realm",
                "realms/new",
            ),
            Step(
                "Add a SIP credential",
                "A user name and a password for your first phone.",
                bool(newest),
                "Add a credential",
                "credentials/new",
            ),
            Step(
                "Register a phone",
                "Scan the credential's QR code with Linphone, or type its settings into any SIP phone.",
                bool(held.devices),
                "Show the settings",
                device_path,
            ),
            Step(
                "Place a call",
                "Add a second phone and call it by its SIP address; it needs no carrier.",
                called,
                "Add another credential",
                "credentials/new",
            ),
            Step(
                "Reach the telephone network",
                "Add your carrier as a trunk, so that calls to numbers can leave.",
                held.trunks > 0,
                "Add a trunk",
                "trunks/new",
            ),
            Step(
                "Be reached from there",
                "Add a number of yours, and the device that it rings.",
                held.numbers > 0,
                "Add a number",
                "numbers/new",
            ),
        )
    )
