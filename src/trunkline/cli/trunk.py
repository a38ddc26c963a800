"""``trunkline trunk``: add, list, show, change and remove trunks."""

from __future__ import annotations

from typing import Annotated

import typer

from trunkline.cli.documents import limits_document, trunk_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.limit_options import CallsPerSecond, Destinations, LongestCall, MaxCalls, changed_limits
from trunkline.cli.output import Json, clock, say, show_fields, show_json, show_table
from trunkline.cli.passwords import PasswordStdin, read_password
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.trunk import Trunk, TrunkTarget
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

app = typer.Typer(
    help="Trunks: the carriers and peers that calls leave through and come in from.", no_args_is_help=True
)

Reference = Annotated[str, typer.Argument(metavar="TRUNK", help="Name or id.")]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="URI[,PRIORITY[,WEIGHT]]", help="Where to send calls; may be repeated."),
]
AllowedIps = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-ip", metavar="CIDR", help="Take calls from there without a digest; repeatable; none: nobody."
    ),
]
Prefixes = Annotated[
    list[str] | None,
    typer.Option(
        "--prefix",
        metavar="PREFIX",
        help="E.164 prefix it serves, such as +1; repeatable; '*': every number.",
    ),
]
LoginUser = Annotated[
    str, typer.Option("--login-user", metavar="USER", help="User name for the carrier's challenge.")
]
LoginRealm = Annotated[
    str, typer.Option("--login-realm", metavar="REALM", help="The realm of that challenge.")
]
ForgetLogin = Annotated[bool, typer.Option("--forget-login", help="Answer no challenge any more.")]
FailoverCodes = Annotated[
    list[int] | None,
    typer.Option(
        "--failover-code", metavar="STATUS", help="Try the next trunk after this answer; repeatable."
    ),
]
Priority = Annotated[int | None, typer.Option("--priority", metavar="N", help="Lower ones are tried first.")]
Weight = Annotated[
    int | None, typer.Option("--weight", metavar="N", help="Share among trunks of one priority.")
]
Media = Annotated[
    MediaMode | None, typer.Option("--media", help="Whether its media passes through this server.")
]
Plus = Annotated[bool | None, typer.Option("--plus/--no-plus", help="Send numbers with their +.")]
RingTimeout = Annotated[
    int | None, typer.Option("--ring-timeout", metavar="SECONDS", help="How long it may ring.")
]


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name such as carrier.")],
    targets: Targets = None,
    allowed_ips: AllowedIps = None,
    prefixes: Prefixes = None,
    login_user: LoginUser = "",
    login_realm: LoginRealm = "",
    password_stdin: PasswordStdin = False,
    failover_codes: FailoverCodes = None,
    priority: Priority = None,
    weight: Weight = None,
    media: Media = None,
    plus: Plus = None,
    ring_timeout: RingTimeout = None,
    max_calls: MaxCalls = None,
    calls_per_second: CallsPerSecond = None,
    longest_call: LongestCall = None,
    destinations: Destinations = None,
    json: Json = False,
) -> None:
    """Add a trunk."""
    blank = Trunk(id=0, account_id=0, name=name, targets=())
    plan = _plan(
        blank, targets=targets, allowed_ips=allowed_ips, prefixes=prefixes,
        login=_login(login_user, login_realm, password_stdin=password_stdin), forget_login=False,
        failover_codes=failover_codes, priority=priority, weight=weight, media=media, plus=plus,
        ring_timeout=ring_timeout, max_calls=max_calls, calls_per_second=calls_per_second,
        longest_call=longest_call, destinations=destinations, enabled=None,
    )  # fmt: skip
    trunk = with_installation(context, lambda here: here.provisioning.trunks.add(here.account.id, name, plan))
    _tell(trunk, "added", json=json)


@app.command("list")
def list_trunks(context: typer.Context, json: Json = False) -> None:
    """List the trunks."""
    trunks = with_installation(context, lambda here: here.provisioning.trunks.of(here.account.id))
    if json:
        show_json([trunk_document(trunk) for trunk in trunks])
        return
    show_table(
        ("ID", "TRUNK", "ENABLED", "TARGETS", "PREFIXES", "INBOUND FROM"),
        [
            (trunk.id, trunk.name, trunk.enabled, " ".join(target.uri for target in trunk.targets),
             _shown_prefixes(trunk), " ".join(trunk.allowed_ips))
            for trunk in trunks
        ],
        empty="There is no trunk yet; add one with: trunkline trunk add NAME --target sip:gateway.example:5060",
    )  # fmt: skip


@app.command("show")
def show(context: typer.Context, trunk: Reference, json: Json = False) -> None:
    """Show a trunk."""
    found = with_installation(context, lambda here: here.provisioning.trunks.find(here.account.id, trunk))
    if json:
        show_json(trunk_document(found))
        return
    show_fields([
        ("id", found.id),
        ("name", found.name),
        ("enabled", found.enabled),
        *(("target", f"{one.uri} priority {one.priority} weight {one.weight}") for one in found.targets),
        ("prefixes", _shown_prefixes(found)),
        ("inbound from", " ".join(found.allowed_ips) or "nobody"),
        ("login", f"{found.digest.username} in realm {found.digest.realm}" if found.digest else "none"),
        ("fails over on", " ".join(str(code) for code in sorted(found.failover_codes))),
        ("priority", found.priority),
        ("weight", found.weight),
        ("media", found.media.value),
        ("numbers with +", found.plus),
        ("rings for", f"{found.ring_timeout_s} s"),
        ("limits", ", ".join(f"{name} {value}" for name, value in limits_document(found.limits).items()) or "none"),
        ("added", clock(found.created_at)),
    ])  # fmt: skip


@app.command("change")
def change(
    context: typer.Context,
    trunk: Reference,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Switch it on or off.")] = None,
    targets: Targets = None,
    allowed_ips: AllowedIps = None,
    prefixes: Prefixes = None,
    login_user: LoginUser = "",
    login_realm: LoginRealm = "",
    password_stdin: PasswordStdin = False,
    forget_login: ForgetLogin = False,
    failover_codes: FailoverCodes = None,
    priority: Priority = None,
    weight: Weight = None,
    media: Media = None,
    plus: Plus = None,
    ring_timeout: RingTimeout = None,
    max_calls: MaxCalls = None,
    calls_per_second: CallsPerSecond = None,
    longest_call: LongestCall = None,
    destinations: Destinations = None,
    json: Json = False,
) -> None:
    """Change a trunk; what is not given stays. Lists that are given replace the old ones."""
    login = _login(login_user, login_realm, password_stdin=password_stdin)

    async def work(here: Installation) -> Trunk:
        old = await here.provisioning.trunks.find(here.account.id, trunk)
        plan = _plan(
            old, targets=targets, allowed_ips=allowed_ips, prefixes=prefixes, login=login, forget_login=forget_login,
            failover_codes=failover_codes, priority=priority, weight=weight, media=media, plus=plus,
            ring_timeout=ring_timeout, max_calls=max_calls, calls_per_second=calls_per_second,
            longest_call=longest_call, destinations=destinations, enabled=enabled,
        )  # fmt: skip
        return await here.provisioning.trunks.change(here.account.id, str(old.name), plan)

    _tell(with_installation(context, work), "changed", json=json)


@app.command("remove")
def remove(
    context: typer.Context,
    trunk: Reference,
    force: Annotated[bool, typer.Option("--force", help="Remove the numbers that lead to it too.")] = False,
) -> None:
    """Remove a trunk."""
    removed = with_installation(
        context, lambda here: here.provisioning.trunks.remove(here.account.id, trunk, force=force)
    )
    say(f"Trunk {removed.name} removed.")


def _plan(
    old: Trunk, *, targets: list[str] | None, allowed_ips: list[str] | None, prefixes: list[str] | None,
    login: DigestLogin | None, forget_login: bool, failover_codes: list[int] | None, priority: int | None,
    weight: int | None, media: MediaMode | None, plus: bool | None, ring_timeout: int | None, max_calls: int | None,
    calls_per_second: float | None, longest_call: int | None, destinations: list[str] | None, enabled: bool | None,
) -> TrunkPlan:  # fmt: skip
    limits = changed_limits(
        old.limits, max_calls=max_calls, calls_per_second=calls_per_second, longest_call=longest_call,
        destinations=destinations,
    )  # fmt: skip
    return TrunkPlan(
        targets=tuple(_target(text) for text in targets) if targets else old.targets,
        prefixes=tuple(prefixes) if prefixes else old.prefixes,
        allowed_ips=old.allowed_ips
        if not allowed_ips
        else ()
        if allowed_ips == ["none"]
        else tuple(allowed_ips),
        login=login,
        forget_login=forget_login,
        limits=limits,
        failover_codes=frozenset(failover_codes) if failover_codes else old.failover_codes,
        priority=old.priority if priority is None else priority,
        weight=old.weight if weight is None else weight,
        media=media or old.media,
        plus=old.plus if plus is None else plus,
        ring_timeout_s=old.ring_timeout_s if ring_timeout is None else ring_timeout,
        enabled=old.enabled if enabled is None else enabled,
    )


def _target(text: str) -> TrunkTarget:
    uri, *order = text.split(",")
    try:
        priority, weight = [*(int(number) for number in order), *(1, 1)[len(order) :]]
    except ValueError:
        raise CommandFault(
            f"'{text}' is no target; write URI, URI,PRIORITY or URI,PRIORITY,WEIGHT with whole numbers."
        ) from None
    return TrunkTarget(uri.strip(), priority, weight)


def _login(user: str, realm: str, *, password_stdin: bool) -> DigestLogin | None:
    if not (user or realm or password_stdin):
        return None
    if not (user and realm):
        raise CommandFault("A login at the carrier needs --login-user, --login-realm and its password.")
    return DigestLogin(
        user, realm, read_password(from_stdin=password_stdin, prompt="Password at the carrier")
    )


def _shown_prefixes(trunk: Trunk) -> str:
    return " ".join(prefix or "every number" for prefix in trunk.prefixes)


def _tell(trunk: Trunk, done: str, *, json: bool) -> None:
    if json:
        show_json(trunk_document(trunk))
        return
    say(f"Trunk {trunk.name} {done} (id {trunk.id}).")
