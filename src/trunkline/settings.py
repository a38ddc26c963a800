"""The installation's settings: read once, from the environment, a TOML file in the data folder, and defaults.

The environment's names are the keys below in upper case behind ``TRUNKLINE_``, with ``__`` between a section and its
key: ``TRUNKLINE_REGISTRAR__MIN_EXPIRES_S=60``; lists are separated by commas. A name with ``_FILE`` behind it gives
the path of a file that holds the value, for secrets: ``TRUNKLINE_DATABASE_URL_FILE=/run/secrets/database``. The file
``trunkline.toml`` in the data folder holds the same keys. Command-line options win over the environment, the
environment over the files.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

FILE_NAME: Final = "trunkline.toml"
PREFIX: Final = "TRUNKLINE_"
SEPARATOR: Final = "__"

_PORT_RANGE: Final = re.compile(r"(\d{1,5})-(\d{1,5})")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


def _split(value: object) -> object:
    """The environment has no lists: commas stand between their members."""
    return (
        tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value
    )


_Listed = BeforeValidator(_split)


def _checked_networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    for text in networks:
        try:
            ip_network(text)
        except ValueError:
            raise ValueError(f"'{text}' is no address or network; write 10.0.0.5 or 10.0.0.0/24") from None
    return networks


class SettingsFault(Exception):  # noqa: N818 - the operator's, not ours
    """A setting is wrong or unknown. ``sentence`` names it and says what it should be; it holds no secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SipSettings(_Section):
    """Where SIP is spoken, and as whom."""

    listeners: Annotated[tuple[str, ...], _Listed] = ("udp:0.0.0.0:5060", "tcp:0.0.0.0:5060")
    """Each ``transport:address:port``, options behind semicolons: ``advertise=HOST[:PORT]`` (what peers are told),
    ``cert=FILE;key=FILE`` (tls, wss), ``account=ID`` (an account's own port).

    Transports are udp, tcp, tls, ws and wss; IPv6 addresses stand in brackets; port 0 takes a free one.
    """

    drain_s: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    """Seconds that running calls get to end after SIGTERM."""

    @field_validator("listeners")
    @classmethod
    def _check_listeners(cls, listeners: tuple[str, ...]) -> tuple[str, ...]:
        # The edge is imported when listeners are set: most commands listen to nothing, and start twice as fast.
        from trunkline.edge.listener_text import parse_listener  # noqa: PLC0415

        for text in listeners:
            parse_listener(text)
        return listeners


class RtpSettings(_Section):
    """Where media is relayed."""

    ports: str = "30000-40000"
    """The UDP ports of RTP and RTCP, first and last."""

    address: str = ""
    """The local address of media; empty: that of the SIP listener."""

    advertised_address: str = ""
    """The address that goes into session descriptions; empty: the local one."""

    silence_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds without any RTP after which a call is ended."""

    @field_validator("ports")
    @classmethod
    def _check_ports(cls, text: str) -> str:
        parse_port_range(text)
        return text


class RegistrarSettings(_Section):
    """How long devices stay registered."""

    min_expires_s: Annotated[int, Field(ge=1)] = 60
    """Shorter wishes are answered 423 with this, in seconds."""

    default_expires_s: Annotated[int, Field(ge=1)] = 3600
    """What a device gets that wishes nothing, in seconds."""

    max_expires_s: Annotated[int, Field(ge=1)] = 7200
    """Longer wishes are cut to this, in seconds."""

    expires_jitter: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """By which share of itself a granted time may be shortened at random, to spread refreshes; 0: never."""

    max_bindings: Annotated[int, Field(ge=1)] = 10
    """Devices of one address-of-record, where its credential has no limit of its own."""

    record_refreshes: bool = False
    """Whether each refresh becomes a registration event on disk."""

    most_per_second: Annotated[float, Field(gt=0)] = 20_000.0
    """REGISTERs served a second; more are told to come back later (503)."""

    nat_ping_s: Annotated[float, Field(ge=0)] = 30.0
    """Seconds between pings to devices behind NAT; 0: none."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.min_expires_s <= self.default_expires_s <= self.max_expires_s:
            raise ValueError(
                "min_expires_s, default_expires_s and max_expires_s must not grow smaller in this order"
            )
        return self


class DigestSettings(_Section):
    """How devices prove who they are."""

    nonce_lifetime_s: Annotated[float, Field(gt=0)] = 300.0
    """Seconds after which a nonce is answered stale."""

    algorithms: Annotated[tuple[Literal["MD5", "SHA-256", "SHA-512-256"], ...], _Listed] = ("MD5",)
    """What challenges offer, in this order; RFC 8760 wants the best first and MD5 last. Realms with credentials made of
    ready MD5 hashes are offered MD5 only. Many devices cannot bear a second challenge: see docs/operating.md."""


class CallsSettings(_Section):
    """How calls are run."""

    ring_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds that devices ring."""

    serial_ring: bool = False
    """Whether the devices of an address-of-record ring one after the other by their q, instead of all at once."""

    session_expires_s: Annotated[int, Field(ge=90)] = 1800
    """Session interval that is offered and accepted at most, in seconds (RFC 4028)."""

    longest_call_s: Annotated[int, Field(ge=1)] | None = None
    """Seconds after which any call is ended; none: no bound."""

    max_calls: Annotated[int, Field(ge=1)] = 10_000
    """Calls at a time; more are refused with 503."""

    address_rest_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """Seconds for which an address of a trunk is passed over that gave no answer or said 503; 0: never."""


class WebSettings(_Section):
    """How pages and APIs are served at the address of ``http``."""

    certificate: str = ""
    """PEM file of the certificate with its chain; empty: no TLS, for a proxy before the server or for this machine."""

    key: str = ""
    """PEM file of the certificate's private key."""

    trusted_proxies: Annotated[tuple[str, ...], _Listed] = ()
    """Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    requests_per_second: Annotated[float, Field(ge=0)] = 50.0
    """What one user or API key may ask; four times as much at once; 0: no limit."""

    requests_per_second_of_address: Annotated[float, Field(ge=0)] = 100.0
    """What may come from one address, whoever it is; four times as much at once; 0: no limit."""

    max_body_mib: Annotated[int, Field(ge=1, le=1024)] = 16
    """The largest request body, in MiB. Who does not say who he is may send 64 KiB."""

    head_s: Annotated[float, Field(gt=0)] = 20.0
    """Seconds that a client may take to send the head of a request."""

    body_s: Annotated[float, Field(gt=0)] = 30.0
    """Seconds that a client may take to send a body, and one more for each 16 KiB of it."""

    response_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds for which a client may take nothing of a response that waits for it."""

    max_connections: Annotated[int, Field(ge=1)] = 1000
    """Connections at a time; more are answered 503, for pages must not take the sockets that calls need."""

    max_connections_of_address: Annotated[int, Field(ge=1)] = 200
    """The same for one address; those of ``trusted_proxies`` may have all."""

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_networks(networks)

    @model_validator(mode="after")
    def _check_pair(self) -> Self:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key belong together: give both, or neither")
        return self


class LaddersSettings(_Section):
    """What is kept of the SIP messages of calls, for people who look at them later; secrets are masked."""

    memory_mb: Annotated[int, Field(ge=0, le=4096)] = 16
    """Megabytes of messages in memory; 0: no ladders."""

    memory_s: Annotated[float, Field(gt=0)] = 14_400.0
    """Seconds that a message stays in memory at most."""

    kept: Annotated[int, Field(ge=0)] = 10_000
    """Ladders of ended calls on disk; 0: none."""

    kept_days: Annotated[float, Field(gt=0)] = 7.0
    """Days that they stay there at most."""

    show_text: bool = False
    """Whether the text of messages and dialled digits are shown in ladders and in the log's trace."""


class AuditSettings(_Section):
    """How long it is known who changed what."""

    keep_days: Annotated[float, Field(ge=0)] = 400.0
    """Days that entries of the audit log are kept; 0: for ever."""


class CdrsSettings(_Section):
    """How long past calls are known."""

    keep_days: Annotated[float, Field(ge=0)] = 0.0
    """Days that the CDR of an ended call is kept; 0: for ever."""


class WebhooksSettings(_Section):
    """How events are told to other systems."""

    allowed_networks: Annotated[tuple[str, ...], _Listed] = ()
    """Addresses and networks beside the public ones that requests of this server may go to. Every account that may have
    webhooks can then reach what is there."""

    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Seconds that a receiver may take to answer."""

    give_up_hours: Annotated[float, Field(gt=0, le=720)] = 24.0
    """Hours after an event at which it is no longer tried to deliver."""

    pause_days: Annotated[float, Field(gt=0, le=90)] = 3.0
    """Days without any success after which a webhook is paused."""

    @field_validator("allowed_networks")
    @classmethod
    def _check_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_networks(networks)


class LogSettings(_Section):
    """What is logged, and how."""

    format: Literal["people", "json"] = "people"
    """Lines for people, or one JSON object a line."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important level that is written."""

    trace_sip: bool = False
    """Whether every SIP message is logged; secrets are masked."""


class Settings(BaseSettings):
    """Everything an operator may set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=SEPARATOR, frozen=True, extra="forbid", enable_decoding=False,
        hide_input_in_errors=True,
    )  # fmt: skip

    data_dir: Path
    """The folder of the database and of trunkline.toml; given by ``--data``, ``TRUNKLINE_DATA_DIR``, or XDG."""

    base_domain: str = "auth.trunkline.internal"
    """The domain below which realms get their names."""

    realm_form: str = "{name}.{account}.{base}"
    """How a realm's name is made: ``{name}`` is its short name, ``{account}`` the account's label, ``{base}`` above."""

    node: str = ""
    """This server's name among several on one database; tells their calls apart."""

    database_url: SecretStr = SecretStr("")
    """``postgresql://USER@HOST/NAME``; empty: SQLite in the data folder."""

    http: str = "127.0.0.1:8080"
    """``address:port`` of the dashboard, the APIs, metrics and health; empty: none. Only this machine reaches the
    default one; see docs/operating.md before opening it."""

    sip: SipSettings = SipSettings()
    rtp: RtpSettings = RtpSettings()
    registrar: RegistrarSettings = RegistrarSettings()
    digest: DigestSettings = DigestSettings()
    calls: CallsSettings = CallsSettings()
    ladders: LaddersSettings = LaddersSettings()
    audit: AuditSettings = AuditSettings()
    cdrs: CdrsSettings = CdrsSettings()
    web: WebSettings = WebSettings()
    webhooks: WebhooksSettings = WebhooksSettings()
    log: LogSettings = LogSettings()

    @field_validator("realm_form")
    @classmethod
    def _check_form(cls, form: str) -> str:
        try:
            made = form.format(name="desk", account="0a1b2c", base="example.net")
        except (KeyError, IndexError, ValueError):
            raise ValueError("use only {name}, {account} and {base} in it") from None
        if "desk" not in made:
            raise ValueError("it must hold {name}, or all realms would have one name")
        return form

    @field_validator("base_domain")
    @classmethod
    def _check_base(cls, domain: str) -> str:
        name = domain.lower().strip(".")
        if not _DOMAIN.fullmatch(name):
            raise ValueError("write a domain such as auth.example.net")
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library gives it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library gives it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment, the files it names, and the file in the data folder."""
        folder = Path(init_settings()["data_dir"])
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, _from_named_files(os.environ)),
            InitSettingsSource(settings_cls, _from_toml(folder / FILE_NAME)),
        )


def read_settings(data_dir: Path | None = None, **options: Any) -> Settings:
    """Read the settings of a data folder (None: the environment's, or the default one).

    ``options`` are keys of :class:`Settings`; sections are mappings of their keys. Raises SettingsFault.
    """
    folder = data_dir or Path(os.environ.get(f"{PREFIX}DATA_DIR") or default_data_dir())
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(data_dir=folder, **options)
    except ValidationError as error:
        raise SettingsFault(_sentence(error)) from None


def default_data_dir() -> Path:
    """The data folder by the XDG base directory specification."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "trunkline"


def parse_port_range(text: str) -> tuple[int, int]:
    """Split ``FIRST-LAST``. Raises ValueError."""
    match = _PORT_RANGE.fullmatch(text)
    if match is None or not 1024 <= int(match[1]) < int(match[2]) <= 65_535:
        raise ValueError(f"'{text}' is no range of ports; write FIRST-LAST, such as 30000-40000")
    return int(match[1]), int(match[2])


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsFault(f"{path} is no TOML: {error}; mend that line.") from None
    except OSError as error:
        raise SettingsFault(f"{path} cannot be read: {error.strerror}.") from None


def settings_in_effect(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Every setting by its name in trunkline.toml with its value as text; secrets are starred out."""
    found: list[tuple[str, str]] = []
    for key in _keys(Settings):
        value: Any = settings
        for part in key:
            value = getattr(value, part)
        found.append((".".join(key), _printed(value)))
    return tuple(found)


def _printed(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _keys(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, (*before, name))
        else:
            yield (*before, name)


def _variables() -> dict[str, tuple[str, ...]]:
    return {PREFIX + SEPARATOR.join(key).upper(): key for key in _keys(Settings)}


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = _variables()
    for name in environment:
        variable = name.upper()
        if (
            variable.startswith(PREFIX)
            and variable not in known
            and variable.removesuffix("_FILE") not in known
        ):
            raise SettingsFault(f"{name} is no setting of Trunkline; correct its name or unset it.")


def _from_named_files(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, key in _variables().items():
        path = environment.get(f"{variable}_FILE")
        if not path:
            continue
        try:
            text = Path(path).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsFault(f"{variable}_FILE names {path}, which cannot be read: {error}.") from None
        section = found
        for part in key[:-1]:
            section = section.setdefault(part, {})
        section[key[-1]] = text
    return found


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"'{key}' is no setting of Trunkline; correct its name or remove it."
    what = first["msg"].removeprefix("Value error, ")
    return f"The setting {key or 'as a whole'} is wrong: {what}."
