"""Trunks: peer networks, their targets, inbound addresses and outbound digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.number import Destination, DestinationKind
from trunkline.domain.trunk import (
    DEFAULT_FAILOVER_CODES,
    NEVER_FAILOVER_CODES,
    OutboundDigest,
    Trunk,
    TrunkTarget,
)
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.limits import UNLIMITED, check_limits
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import TCP, TLS, UDP
from trunkline.sip.uri import parse_sip_uri

MAX_RING_S: Final = 600
MAX_WEIGHT: Final = 65_535
SPOKEN_TRANSPORTS: Final = frozenset({UDP, TCP, TLS})
"""The transports that we open connections with."""

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class DigestLogin:
    """What a carrier gave for its challenges. Hashed at once; ``realm`` is the carrier's."""

    username: str
    realm: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrunkPlan:
    """A trunk as an operator describes it; see :class:`trunkline.domain.trunk.Trunk` for the fields.

    ``login`` None leaves the outbound digest as it is; ``forget_login`` removes it.
    """

    targets: tuple[TrunkTarget, ...]
    prefixes: tuple[str, ...] = ("",)
    allowed_ips: tuple[str, ...] = ()
    login: DigestLogin | None = None
    forget_login: bool = False
    limits: Limits = UNLIMITED
    failover_codes: frozenset[int] = DEFAULT_FAILOVER_CODES
    priority: int = 1
    weight: int = 1
    media: MediaMode = MediaMode.ANCHORED
    plus: bool = True
    ring_timeout_s: int = 60
    enabled: bool = True


class TrunkProvisioning:
    """Creates, changes and removes trunks."""

    def __init__(self, store: ProvisioningStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, account_id: int) -> list[Trunk]:
        """The trunks of an account, the oldest first."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return await rows.trunks.of(account_id)

    async def find(self, account_id: int, reference: str) -> Trunk:
        """The trunk with this name or id. Raises ProvisioningFault when there is none."""
        async with self._store.reading() as rows:
            return await known_trunk(rows, account_id, reference)

    async def add(self, account_id: int, name: str, plan: TrunkPlan) -> Trunk:
        """Create a trunk."""
        if not _NAME.fullmatch(name):
            raise ProvisioningFault(
                FaultCode.INVALID_NAME,
                f"'{name[:80]}' is no trunk name: use up to 64 letters, digits and inner . _ -, such as carrier-1.",
            )
        async with self._store.writing() as rows:
            await known_account(rows, account_id)
            for other in await rows.trunks.of(account_id):
                if other.name.lower() == name.lower():
                    raise ProvisioningFault(
                        FaultCode.TRUNK_EXISTS, f"Trunk {other.name} exists already; choose another name."
                    )
            empty = Trunk(id=0, account_id=account_id, name=name, targets=(), created_at=self._clock.now())
            return await rows.trunks.add(await _planned(rows, empty, plan))

    async def change(self, account_id: int, reference: str, plan: TrunkPlan) -> Trunk:
        """Set everything but the name."""
        async with self._store.writing() as rows:
            changed = await _planned(rows, await known_trunk(rows, account_id, reference), plan)
            await rows.trunks.replace(changed)
            return changed

    async def enable(self, account_id: int, reference: str, *, enabled: bool) -> Trunk:
        """Switch a trunk on or off."""
        async with self._store.writing() as rows:
            changed = replace(await known_trunk(rows, account_id, reference), enabled=enabled)
            await rows.trunks.replace(changed)
            return changed

    async def remove(self, account_id: int, reference: str, *, force: bool = False) -> Trunk:
        """Remove a trunk. With ``force`` the numbers that lead to it go too; otherwise they forbid it."""
        async with self._store.writing() as rows:
            trunk = await known_trunk(rows, account_id, reference)
            numbers = await rows.numbers.leading_to(
                account_id, Destination(DestinationKind.TRUNK, str(trunk.id))
            )
            if numbers and not force:
                raise ProvisioningFault(
                    FaultCode.TRUNK_IN_USE,
                    f"Number {numbers[0].e164} leads to trunk {trunk.name}; point it elsewhere first.",
                )
            for number in numbers:
                await rows.numbers.remove(number.e164)
            await rows.trunks.remove(trunk.id)
            return trunk


async def known_trunk(rows: Transaction, account_id: int, reference: str) -> Trunk:
    """The trunk of an account with this name or id. Raises ProvisioningFault when there is none."""
    trunks = await rows.trunks.of(account_id)
    for trunk in trunks:
        if trunk.name.lower() == reference.lower():
            return trunk
    for trunk in trunks:
        if str(trunk.id) == reference:
            return trunk
    raise ProvisioningFault(FaultCode.UNKNOWN_TRUNK, f"There is no trunk '{reference}'.")


async def _planned(rows: Transaction, trunk: Trunk, plan: TrunkPlan) -> Trunk:
    _check_targets(plan.targets)
    check_limits(plan.limits)
    _check_failover_codes(plan.failover_codes)
    _check_order("priority", plan.priority)
    _check_order("weight", plan.weight)
    if not 1 <= plan.ring_timeout_s <= MAX_RING_S:
        raise ProvisioningFault(
            FaultCode.INVALID_RING_TIMEOUT,
            f"A trunk may ring for 1 to {MAX_RING_S} seconds, not {plan.ring_timeout_s}.",
        )
    digest = None if plan.forget_login else trunk.digest
    networks = tuple(dict.fromkeys(_network(text) for text in plan.allowed_ips))
    await _refuse_taken_networks(rows, trunk.id, networks)
    return replace(
        trunk,
        targets=plan.targets,
        prefixes=tuple(dict.fromkeys(_prefix(text) for text in plan.prefixes)) or ("",),
        allowed_ips=networks,
        digest=digest if plan.login is None else _outbound_digest(plan.login),
        limits=plan.limits,
        failover_codes=plan.failover_codes,
        priority=plan.priority,
        weight=plan.weight,
        media=plan.media,
        plus=plan.plus,
        ring_timeout_s=plan.ring_timeout_s,
        enabled=plan.enabled,
    )


def _check_targets(targets: tuple[TrunkTarget, ...]) -> None:
    if not targets:
        raise ProvisioningFault(
            FaultCode.INVALID_TARGET, "A trunk needs a target; give one like sip:gateway.example:5060."
        )
    for target in targets:
        _check_target(target.uri)
        _check_order("priority", target.priority)
        _check_order("weight", target.weight)


def _check_target(text: str) -> None:
    try:
        uri = parse_sip_uri(text)
    except ParseError:
        raise ProvisioningFault(
            FaultCode.INVALID_TARGET,
            f"'{text[:120]}' is no target of a trunk; write it like sip:gateway.example:5060 or "
            "sip:192.0.2.1;transport=tcp.",
        ) from None
    if uri.password is not None:
        raise ProvisioningFault(
            FaultCode.INVALID_TARGET,
            "A target cannot hold a password; give the digest's user, realm and password.",
        )
    if uri.headers:
        raise ProvisioningFault(
            FaultCode.INVALID_TARGET, f"Target {text} has headers behind '?'; leave them out."
        )
    if uri.transport is not None and uri.transport not in SPOKEN_TRANSPORTS:
        raise ProvisioningFault(
            FaultCode.INVALID_TARGET,
            f"Target {text} asks for transport {uri.transport}; a trunk is reached by udp, tcp or tls.",
        )


def _check_order(what: str, value: int) -> None:
    if not 1 <= value <= MAX_WEIGHT:
        raise ProvisioningFault(
            FaultCode.INVALID_PRIORITY, f"A {what} is a whole number from 1 to {MAX_WEIGHT}, not {value}."
        )


def _network(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ProvisioningFault(
            FaultCode.INVALID_NETWORK,
            f"'{text}' is no IP address or network; write it like 192.0.2.10, 192.0.2.0/24 or 2001:db8::/48.",
        ) from None
    address = text.partition("/")[0]
    if ip_address(address) != network.network_address:
        raise ProvisioningFault(
            FaultCode.INVALID_NETWORK,
            f"{text} is an address with the length of a network; write {address} for the one address or {network} "
            "for the whole network.",
        )
    _refuse_everybody(network)
    return str(network)


def _refuse_everybody(network: IPv4Network | IPv6Network) -> None:
    if network.prefixlen == 0:
        raise ProvisioningFault(
            FaultCode.INVALID_NETWORK,
            f"{network} is the whole world, which would let anybody call through this trunk; name the carrier's networks.",
        )


async def _refuse_taken_networks(rows: Transaction, trunk_id: int, networks: tuple[str, ...]) -> None:
    for other in await rows.trunks.all():
        if other.id == trunk_id:
            continue
        for network in networks:
            if network in other.allowed_ips:
                raise ProvisioningFault(
                    FaultCode.NETWORK_TAKEN,
                    f"{network} is in the inbound list of trunk {other.name} already, so its calls would be nobody's; "
                    "remove it there or give a narrower network.",
                )


def _prefix(text: str) -> str:
    if text in {"", "*"}:
        return ""
    prefix = text if text.startswith("+") else f"+{text}"
    if not _PREFIX.fullmatch(prefix):
        raise ProvisioningFault(
            FaultCode.INVALID_PREFIX,
            f"'{text}' is no prefix of E.164 numbers; write it like +1 or +4930, or leave it out to serve every number.",
        )
    return prefix


def _check_failover_codes(codes: frozenset[int]) -> None:
    for code in sorted(codes):
        if code in NEVER_FAILOVER_CODES:
            raise ProvisioningFault(
                FaultCode.INVALID_FAILOVER_CODE,
                f"{code} is the answer of the called person, after which no other trunk is tried; leave it out.",
            )
        if not 300 <= code <= 699:
            raise ProvisioningFault(
                FaultCode.INVALID_FAILOVER_CODE,
                f"{code} is no final status of a failed call; use 300 to 699.",
            )


def _outbound_digest(login: DigestLogin) -> OutboundDigest:
    if not login.username or not login.realm or not login.password:
        raise ProvisioningFault(
            FaultCode.INVALID_DIGEST,
            "An outbound digest needs the user name, the realm and the password that the carrier gave; one is missing.",
        )
    if not (login.username + login.realm + login.password).isprintable() or ":" in login.username:
        raise ProvisioningFault(
            FaultCode.INVALID_DIGEST,
            "The outbound digest has a control character, or a colon in its user name; enter it again.",
        )
    text = f"{login.username}:{login.realm}:{login.password}".encode()
    return OutboundDigest(
        username=login.username,
        realm=login.realm,
        md5=hashlib.md5(text, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(text).hexdigest(),
        sha512_256=hashlib.new("sha512_256", text).hexdigest(),
    )
