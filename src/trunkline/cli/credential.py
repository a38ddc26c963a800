"""``trunkline credential``: add, import, list, show, change, rotate and remove SIP credentials."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from trunkline.cli.credential_import import import_command
from trunkline.cli.documents import credential_document, limits_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.invocation import CommandFault
from trunkline.cli.limit_options import (
    CallsPerSecond,
    Destinations,
    Devices,
    LongestCall,
    MaxCalls,
    changed_limits,
)
from trunkline.cli.output import Json, clock, say, show_fields, show_json, show_table
from trunkline.cli.passwords import PasswordStdin, read_password
from trunkline.cli.times import span_s
from trunkline.domain.credential import CallerIdRule, Credential
from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode
from trunkline.provisioning.credentials import IssuedCredential, Privileges
from trunkline.provisioning.secret_input import Generated, Hashes, Password, SecretInput

app = typer.Typer(
    help="SIP credentials: who may register and call.", no_args_is_help=True, add_completion=False
)
app.command("import")(import_command)

PAGE = 1000

_NO_CREDENTIAL: Final = (
    "There is no credential yet; add one with: trunkline credential add USER --realm REALM --generate"
)

Reference = Annotated[str, typer.Argument(metavar="CREDENTIAL", help="User name, user@realm or id.")]
RealmOption = Annotated[
    str,
    typer.Option(
        "--realm", metavar="REALM", help="Short name, whole name or id. Default: the default realm."
    ),
]
Generate = Annotated[bool, typer.Option("--generate", help="Make up a password and print it once.")]
Hash1 = Annotated[str, typer.Option("--hash1", metavar="MD5", help="MD5 of user:realm:password.")]
Hash1b = Annotated[
    str,
    typer.Option(
        "--hash1b", metavar="MD5", help="MD5 of user@realm:realm:password, for devices that send user@realm."
    ),
]
ApplicationOption = Annotated[
    str | None,
    typer.Option("--application", metavar="NAME", help="Route its calls there; '' routes them normally."),
]
CallerId = Annotated[
    str | None,
    typer.Option("--caller-id", metavar="RULE", help="any, owned, or the one number that is shown."),
]
Media = Annotated[
    MediaMode | None, typer.Option("--media", help="Whether its media passes through this server.")
]


@app.command("add")
def add(
    context: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USER", help="User name, at most 32 characters.")],
    realm: RealmOption = "",
    domain: Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="Refines the user name.")] = "",
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
    hash1: Hash1 = "",
    hash1b: Hash1b = "",
    application: ApplicationOption = None,
    caller_id: CallerId = None,
    media: Media = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Leave it switched off.")] = False,
    max_calls: MaxCalls = None,
    calls_per_second: CallsPerSecond = None,
    longest_call: LongestCall = None,
    destinations: Destinations = None,
    devices: Devices = None,
    json: Json = False,
) -> None:
    """Add a credential with a password (typed, piped or generated) or with ready hashes."""
    secret = _secret(password_stdin=password_stdin, generate=generate, hash1=hash1, hash1b=hash1b)
    limits = changed_limits(
        Limits(), max_calls=max_calls, calls_per_second=calls_per_second, longest_call=longest_call,
        destinations=destinations, devices=devices,
    )  # fmt: skip
    rule, number = _caller_id(caller_id or "any")
    privileges = Privileges(
        application=application or "", enabled=not disabled, caller_id_rule=rule, caller_id=number, limits=limits,
        media=media or MediaMode.ANCHORED,
    )  # fmt: skip
    issued = with_installation(
        context,
        lambda here: here.provisioning.credentials.add(
            here.account.id, username, secret, realm=realm, domain=domain, privileges=privileges
        ),
    )
    _tell(issued, "added", json=json)


@app.command("list")
def list_credentials(
    context: typer.Context,
    realm: Annotated[str, typer.Option("--realm", metavar="REALM", help="Only those of this realm.")] = "",
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = None,
    after: Annotated[int, typer.Option("--after", metavar="ID", help="Only those behind this id.")] = 0,
    json: Json = False,
) -> None:
    """List the credentials in the order of their ids."""

    async def read(here: Installation) -> list[Credential]:
        found: list[Credential] = []
        while limit is None or len(found) < limit:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            behind = found[-1].id if found else after
            page = await here.provisioning.credentials.page(here.account.id, realm, after=behind, limit=size)
            found += page
            if len(page) < size:
                break
        return found

    credentials = with_installation(context, read)
    if json:
        show_json([credential_document(credential) for credential in credentials])
        return
    show_table(
        ("ID", "USER", "REALM", "ENABLED", "CALLER ID", "LIMITS"),
        [
            (
                one.id,
                one.composite,
                one.realm_name,
                one.enabled,
                _shown_caller_id(one),
                _shown_limits(one.limits),
            )
            for one in credentials
        ],
        empty="No credential comes behind this one." if after else _NO_CREDENTIAL,
    )


@app.command("show")
def show(context: typer.Context, credential: Reference, realm: RealmOption = "", json: Json = False) -> None:
    """Show a credential."""
    found = with_installation(
        context, lambda here: here.provisioning.credentials.find(here.account.id, credential, realm)
    )
    if json:
        show_json(credential_document(found))
        return
    fields: list[tuple[str, object]] = [
        ("id", found.id),
        ("user name", found.username),
        ("domain", found.domain or "none"),
        ("realm", found.realm_name),
        (
            "address",
            f"sip:{found.username if not found.domain else found.composite.replace('@', '%40')}@{found.realm_name}",
        ),
        ("enabled", found.enabled),
        ("application", found.application_id or "none"),
        ("caller id", _shown_caller_id(found)),
        ("media", found.media.value),
        ("limits", _shown_limits(found.limits) or "none"),
        ("added", clock(found.created_at)),
    ]
    for name, secret in zip(("secret", "previous"), found.secrets, strict=False):
        kinds = "MD5, SHA-256, SHA-512-256" if secret.sha256 else "MD5 only"
        if secret.md5.hash1b is None:
            kinds += f", no Hash1b: not for devices that send {found.aor}"
        ends = f", valid until {clock(secret.valid_until)}" if secret.valid_until is not None else ""
        fields.append((name, f"{kinds}, set {clock(secret.created_at)}{ends}"))
    show_fields(fields)


@app.command("change")
def change(
    context: typer.Context,
    credential: Reference,
    realm: RealmOption = "",
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Switch it on or off.")] = None,
    application: ApplicationOption = None,
    caller_id: CallerId = None,
    media: Media = None,
    max_calls: MaxCalls = None,
    calls_per_second: CallsPerSecond = None,
    longest_call: LongestCall = None,
    destinations: Destinations = None,
    devices: Devices = None,
    json: Json = False,
) -> None:
    """Change what a credential may do; what is not given stays. Its secret is changed by rotate."""

    async def work(here: Installation) -> Credential:
        old = await here.provisioning.credentials.find(here.account.id, credential, realm)
        limits = changed_limits(
            old.limits, max_calls=max_calls, calls_per_second=calls_per_second, longest_call=longest_call,
            destinations=destinations, devices=devices,
        )  # fmt: skip
        rule, number = (old.caller_id_rule, old.caller_id) if caller_id is None else _caller_id(caller_id)
        privileges = Privileges(
            application=(old.application_id or "") if application is None else application,
            enabled=old.enabled if enabled is None else enabled,
            caller_id_rule=rule, caller_id=number, limits=limits, media=media or old.media,
        )  # fmt: skip
        return await here.provisioning.credentials.change(here.account.id, old.id, privileges)

    changed = with_installation(context, work)
    _tell(IssuedCredential(changed, None), "changed", json=json)


@app.command("rotate")
def rotate(
    context: typer.Context,
    credential: Reference,
    realm: RealmOption = "",
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
    hash1: Hash1 = "",
    hash1b: Hash1b = "",
    overlap: Annotated[
        str,
        typer.Option(
            "--overlap", metavar="SPAN", help="How long the previous secret stays valid: 30m, 24h, 7d."
        ),
    ] = "0",
    json: Json = False,
) -> None:
    """Give a credential a new secret."""
    overlap_s = span_s(overlap)
    secret = _secret(password_stdin=password_stdin, generate=generate, hash1=hash1, hash1b=hash1b)

    async def work(here: Installation) -> IssuedCredential:
        old = await here.provisioning.credentials.find(here.account.id, credential, realm)
        return await here.provisioning.credentials.rotate(
            here.account.id, old.id, secret, overlap_s=overlap_s
        )

    _tell(with_installation(context, work), "rotated", json=json)


@app.command("remove")
def remove(
    context: typer.Context,
    credential: Reference,
    realm: RealmOption = "",
    force: Annotated[bool, typer.Option("--force", help="Remove the numbers that lead to it too.")] = False,
) -> None:
    """Remove a credential."""

    async def work(here: Installation) -> Credential:
        old = await here.provisioning.credentials.find(here.account.id, credential, realm)
        return await here.provisioning.credentials.remove(here.account.id, old.id, force=force)

    say(f"Credential {with_installation(context, work).aor} removed.")


def _secret(*, password_stdin: bool, generate: bool, hash1: str, hash1b: str) -> SecretInput:
    if sum((password_stdin, generate, bool(hash1 or hash1b))) > 1:
        raise CommandFault("Give one secret only: --password-stdin, --generate, or --hash1 (and --hash1b).")
    if generate:
        return Generated()
    if hash1 or hash1b:
        return Hashes(hash1, hash1b)
    return Password(
        read_password(from_stdin=password_stdin, otherwise=", --generate, or --hash1 (and --hash1b)")
    )


def _caller_id(text: str) -> tuple[CallerIdRule, str]:
    if text in {CallerIdRule.ANY.value, CallerIdRule.OWNED.value}:
        return CallerIdRule(text), ""
    return CallerIdRule.FIXED, text


def _shown_caller_id(credential: Credential) -> str:
    return credential.caller_id or credential.caller_id_rule.value


def _shown_limits(limits: Limits) -> str:
    names = {
        "concurrent_calls": "calls", "calls_per_second": "calls/s", "longest_call_s": "s longest",
        "bindings": "devices",
    }  # fmt: skip
    document = limits_document(limits)
    shown = [f"{value:g} {names[name]}" for name, value in document.items() if name in names]
    return ", ".join([*shown, *limits.destinations])


def _tell(issued: IssuedCredential, done: str, *, json: bool) -> None:
    credential = issued.credential
    if json:
        document = credential_document(credential)
        if issued.password is not None:
            document["password"] = issued.password
        show_json(document)
        return
    say(f"Credential {credential.aor} {done} (id {credential.id}).")
    if issued.password is not None:
        say(f"Password: {issued.password}")
        say("It is shown only this once; only its hashes are kept.")
