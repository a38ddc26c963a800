"""``trunkline dry-run``: what would happen to a call now, and why."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trunkline.calls.limits import LimitTable
from trunkline.cli.installation import Installation, SystemClock, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.output import Json, instant, show_json, tell
from trunkline.domain.application import Application
from trunkline.domain.binding import Binding
from trunkline.domain.directory import Directory
from trunkline.domain.limits import Limits
from trunkline.domain.rejection import Rejection
from trunkline.operations.dry_run import DryRun, DryRunResult, Outcome
from trunkline.routing.decision import Router
from trunkline.routing.trunk_selection import TrunkRestTable
from trunkline.sip.flow import Flow, Listener

if TYPE_CHECKING:
    from trunkline.store.binding_listing import StoredBinding

UNKNOWN_HERE = (
    "Read from disk: calls that only ring, calls per second, resting trunks and addresses, and a server that is "
    "stopping are not seen."
)

_MOST_BINDINGS = 1_000_000

app = typer.Typer(add_completion=False)


@app.command()
def dry_run(
    context: typer.Context,
    to: Annotated[str, typer.Argument(metavar="TO", help="Number, user, or URI that is called.")],
    caller: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="USER",
            help="The credential that calls; USER@REALM outside of the default realm.",
        ),
    ] = "",
    trunk: Annotated[
        str, typer.Option("--trunk", metavar="TRUNK", help="The trunk that a call comes in from.")
    ] = "",
    shown: Annotated[
        str, typer.Option("--shown", metavar="NUMBER", help="What the caller puts into From.")
    ] = "",
    json: Json = False,
) -> None:
    """Tell what would happen to a call now, and why, without placing it. Exits with 1 when it would be refused."""
    if bool(caller) == bool(trunk):
        raise CommandFault("Give either --from USER or --trunk TRUNK.")

    async def work(here: Installation) -> DryRunResult:
        run, account_id = await _loaded(here), here.account.id
        if caller:
            aor = (
                caller
                if "@" in caller
                else (await here.provisioning.credentials.find(account_id, caller)).aor
            )
            return run.of_credential(account_id, aor, to, shown=shown)
        found = await here.provisioning.trunks.find(account_id, trunk)
        return run.of_trunk(account_id, found.id, to, shown=shown)

    result = with_installation(context, work)
    if json:
        show_json(_document(result))
    else:
        _show(result)
    if result.outcome is Outcome.REFUSED:
        raise typer.Exit(1)


async def _loaded(here: Installation) -> DryRun:
    """A dry run over what is on disk."""
    from trunkline.store.binding_listing import list_bindings  # noqa: PLC0415 - by need: see installation
    from trunkline.store.cdrs import open_calls  # noqa: PLC0415
    from trunkline.store.directory_feed import DirectoryFeed  # noqa: PLC0415

    clock, directory = SystemClock(), Directory()
    await DirectoryFeed(here.database, directory).load()
    now = clock.now()
    location = _Location(await list_bindings(here.database, now, limit=_MOST_BINDINGS))
    calls = _CallsOnDisk()
    for cdr in await open_calls(here.database):
        holders = [f"credential:{cdr.credential_id}"] if cdr.credential_id is not None else []
        holders += [f"trunk:{one}" for one in (cdr.inbound_trunk_id, cdr.trunk_id) if one is not None]
        for holder in holders:
            calls.limits.admit(holder, Limits(), now)
    return DryRun(directory, Router(directory, location, TrunkRestTable(), random.random), calls, clock)


class _Location:
    """Fills ``LocationService`` with the bindings on disk."""

    def __init__(self, stored: Sequence[StoredBinding]) -> None:
        self._by_aor: dict[str, list[Binding]] = {}
        for one in stored:
            self._by_aor.setdefault(one.aor, []).append(_binding(one))

    def lookup(self, aor: str, now: float) -> list[Binding]:
        """See the port."""
        live = [one for one in self._by_aor.get(aor, ()) if one.expires_at > now]
        return sorted(live, key=lambda one: (-one.q, -one.registered_at))


class _CallsOnDisk:
    """Fills ``CallsNow`` with the answered calls on disk."""

    def __init__(self) -> None:
        self.limits = LimitTable()

    def why_closed(self) -> Rejection | None:
        """Nobody knows here."""
        return None

    def why_not(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """See the port."""
        return self.limits.why_not(holder, limits, now)

    def trunk_rests_s(self, trunk_id: int, now: float) -> float:  # noqa: ARG002 - nobody knows here
        """Nobody knows here."""
        return 0.0

    def resting_addresses(self, trunk_id: int, now: float) -> dict[str, float]:  # noqa: ARG002 - nobody knows here
        """Nobody knows here."""
        return {}

    def why_no_application(self, application: Application, called: str) -> Rejection | None:  # noqa: ARG002 - see above
        """Nobody knows here."""
        return None


def _binding(one: StoredBinding) -> Binding:
    transport, _, rest = one.listener.partition(":")
    host, _, port = rest.rpartition(":")
    flow = Flow(Listener(transport, host, int(port)), one.host, one.port)
    return Binding(
        one.aor, one.uri, one.contact, "", 0, one.expires_at, one.q, flow, one.path, one.instance, one.reg_id,
        one.user_agent, one.registered_at,
    )  # fmt: skip


def _show(result: DryRunResult) -> None:
    for step in result.steps:
        tell(f"{'ok     ' if step.is_good else 'refused'}  {step.about}: {step.sentence}")
    for trunk in result.trunks:
        place = f"{trunk.position}." if trunk.position else "-"
        tell(f"  trunk {place:<3} {trunk.name}: {trunk.why}")
    for device in result.devices:
        left = max(0, round(device.expires_at - time.time()))
        tell(
            f"  device {device.contact} at {device.address} ({device.user_agent or 'no User-Agent'}), {left} s left"
        )
    rejection = result.rejection
    if rejection is None:
        tell(f"The call would go {result.route}.")
    else:
        tell(f"The call would be refused with {rejection.status} {rejection.reason} ({rejection.code}).")
        tell(f"To mend it: {rejection.cure}")
    tell(UNKNOWN_HERE)


def _document(result: DryRunResult) -> dict[str, Any]:
    rejection = result.rejection
    return {
        "outcome": result.outcome.value,
        "route": result.route or None,
        "number": result.number or None,
        "shown_caller": result.shown_caller or None,
        "rejection": None if rejection is None else asdict(rejection),
        "steps": [asdict(step) for step in result.steps],
        "trunks": [asdict(trunk) for trunk in result.trunks],
        "devices": [asdict(device) | {"expires_at": instant(device.expires_at)} for device in result.devices],
        "not_seen": UNKNOWN_HERE,
    }
