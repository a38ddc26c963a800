"""``trunkline registrations``: which devices are registered, and what happened to registrations."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.output import Json, clock, instant, show_json, show_table
from trunkline.domain.registration_event import RegistrationEventKind

if TYPE_CHECKING:
    from trunkline.store.binding_listing import StoredBinding

_NO_DEVICE: Final = "No device is registered; 'trunkline credential add USER --realm REALM --generate' prints what to enter in one."
_NO_EVENT: Final = (
    "Nothing has happened yet; registrations, moves and refusals are listed here as devices come and go."
)

app = typer.Typer(add_completion=False)


@app.command()
def list_registrations(
    context: typer.Context,
    aor: Annotated[
        str, typer.Option("--aor", metavar="USER@REALM", help="Only this address-of-record.")
    ] = "",
    events: Annotated[bool, typer.Option("--events", help="What happened instead of what is.")] = False,
    kind: Annotated[
        RegistrationEventKind | None, typer.Option("--kind", help="Only events of this kind.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = 100,
    json: Json = False,
) -> None:
    """List the registered devices, or with --events the newest registrations, moves and refusals.

    A running server writes both within a second.
    """
    if kind is not None and not events:
        raise CommandFault("--kind chooses among events; give --events too.")
    key = aor.lower().removeprefix("sip:")
    if events:
        with_installation(context, lambda here: _show_events(here, key, kind, limit, json=json))
    else:
        with_installation(context, lambda here: _show_bindings(here, key, limit, json=json))


async def _show_bindings(here: Installation, aor: str, limit: int, *, json: bool) -> None:
    from trunkline.store.binding_listing import list_bindings  # noqa: PLC0415 - by need: see installation

    now = time.time()
    found = await list_bindings(here.database, now, aor=aor, limit=limit)
    if json:
        show_json([_document(binding) for binding in found])
        return
    show_table(
        ("ADDRESS", "CONTACT", "VIA", "EXPIRES IN", "DEVICE"),
        [
            (one.aor, one.uri, f"{one.listener.partition(':')[0]} {one.host} {one.port}",
             f"{max(0, round(one.expires_at - now))} s", one.user_agent)
            for one in found
        ],
        empty=f"No device of {aor} is registered." if aor else _NO_DEVICE,
    )  # fmt: skip


async def _show_events(
    here: Installation, aor: str, kind: RegistrationEventKind | None, limit: int, *, json: bool
) -> None:
    from trunkline.store.registration_events import list_registration_events  # noqa: PLC0415 - by need: see installation

    found = await list_registration_events(here.database, aor=aor, kind=kind, limit=limit)
    if json:
        show_json([
            {"id": number, "at": instant(one.at), "aor": one.aor, "kind": one.kind.value, "contact": one.contact, "flow": one.flow,
             "user_agent": one.user_agent, "detail": one.detail}
            for number, one in found
        ])  # fmt: skip
        return
    show_table(
        ("ID", "TIME", "ADDRESS", "WHAT", "FROM", "DEVICE", "DETAIL"),
        [
            (str(number), clock(one.at), one.aor, one.kind.value, one.flow, one.user_agent, one.detail)
            for number, one in found
        ],
        empty="Nothing of the kind has happened." if aor or kind else _NO_EVENT,
    )


def _document(binding: StoredBinding) -> dict[str, Any]:
    return {
        "aor": binding.aor,
        "uri": binding.uri,
        "contact": binding.contact,
        "listener": binding.listener,
        "host": binding.host,
        "port": binding.port,
        "expires_at": instant(binding.expires_at),
        "registered_at": instant(binding.registered_at),
        "q": binding.q / 1000,
        "instance": binding.instance or None,
        "reg_id": binding.reg_id or None,
        "path": list(binding.path),
        "user_agent": binding.user_agent,
    }
