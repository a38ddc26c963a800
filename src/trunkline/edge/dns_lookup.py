"""Ask DNS and the system's own tables for the records that locating a target needs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import dns.asyncresolver
import dns.exception
import dns.message
import dns.rdatatype
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.NAPTR
import dns.rdtypes.IN.SRV
import dns.resolver

from trunkline.sip.locating import AAAA, A, AddressRecord, NaptrRecord, Question, Record, SrvRecord

_HOSTS: Final = "/etc/hosts"
_NAME_SERVERS: Final = "/etc/resolv.conf"
_SYSTEM_TTL_S: Final = 30.0
_ABSENT_TTL_S: Final = 30.0


class LookupFailedError(Exception):
    """Nobody could say whether there are such records: no name server answered, or it could not find out."""


@dataclass(frozen=True, slots=True)
class Found:
    """Records, none when there are none, and for how many seconds that holds."""

    records: tuple[Record, ...]
    ttl_s: float


class Lookup(Protocol):
    """Something that finds records."""

    async def find(self, question: Question) -> Found:
        """Return what there is; raises ``LookupFailedError``."""
        ...

    def is_plain(self, host: str) -> bool:
        """Whether a name is no DNS domain: only its addresses are worth asking for."""
        ...

    def stop(self) -> None:
        """Find nothing more."""
        ...


class SystemLookup:
    """DNS by dnspython; the system's resolver for plain names, and as the last try for addresses.

    ``name_servers`` and ``port`` replace what resolv.conf says. The files are read again when they change.
    """

    def __init__(
        self,
        name_servers: Sequence[str] = (),
        port: int = 53,
        lifetime_s: float = 3.0,
        hosts_file: str = _HOSTS,
    ) -> None:
        self._name_servers: Final = tuple(name_servers)
        self._port: Final = port
        self._lifetime_s: Final = lifetime_s
        self._hosts_file: Final = hosts_file
        self._hosts_stamp = -1
        self._hosts: frozenset[str] = frozenset()
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._resolver_stamp = -1
        # A stuck lookup of the system's must not take the threads that the rest of the program uses.
        self._threads: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="trunkline-names")

    def stop(self) -> None:
        """Find nothing more; a lookup of the system's that is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def is_plain(self, host: str) -> bool:
        """Whether a name has no dot, or stands in the hosts file."""
        name = host.rstrip(".").lower()
        return "." not in name or name.endswith(".localhost") or name in self._names_of_hosts_file()

    async def find(self, question: Question) -> Found:
        """Return what there is; raises ``LookupFailedError``."""
        if question.kind not in (A, AAAA):
            return await self._ask_name_servers(question)
        if self.is_plain(question.name):
            return await self._ask_system(question)
        try:
            found = await self._ask_name_servers(question)
        except LookupFailedError:
            found = await self._ask_system(question)
            if not found.records:
                raise
            return found
        return found if found.records else await self._ask_system(question)

    async def _ask_name_servers(self, question: Question) -> Found:
        try:
            resolver = self._current_resolver()
            answer = await resolver.resolve(
                question.name,
                question.kind,
                search=False,
                raise_on_no_answer=False,
                lifetime=self._lifetime_s,
            )
        except dns.resolver.NXDOMAIN as error:
            return Found((), _ttl_of_absence(error))
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise LookupFailedError(str(error)) from error
        records = tuple(record for data in answer.rrset or () if (record := _record(data)) is not None)
        return Found(records, float(answer.chaining_result.minimum_ttl))

    async def _ask_system(self, question: Question) -> Found:
        family = socket.AF_INET if question.kind == A else socket.AF_INET6
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._lifetime_s):
                addresses = await loop.run_in_executor(
                    self._threads, _system_addresses, question.name, family
                )
        except (OSError, UnicodeError):  # no such name, or the time is up
            return Found((), _ABSENT_TTL_S)
        return Found(tuple(AddressRecord(address) for address in addresses), _SYSTEM_TTL_S)

    def _current_resolver(self) -> dns.asyncresolver.Resolver:
        stamp = 0 if self._name_servers else _modified_at(_NAME_SERVERS)
        if self._resolver is None or stamp != self._resolver_stamp:
            resolver = dns.asyncresolver.Resolver(configure=not self._name_servers)
            if self._name_servers:
                resolver.nameservers = list(self._name_servers)
                resolver.port = self._port
            resolver.timeout = self._lifetime_s / 2
            resolver.use_edns(0, 0, 1232)
            self._resolver, self._resolver_stamp = resolver, stamp
        return self._resolver

    def _names_of_hosts_file(self) -> frozenset[str]:
        stamp = _modified_at(self._hosts_file)
        if stamp != self._hosts_stamp:
            self._hosts = _read_hosts(self._hosts_file)
            self._hosts_stamp = stamp
        return self._hosts


def _system_addresses(name: str, family: socket.AddressFamily) -> list[str]:
    found = socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM)
    return list(dict.fromkeys(str(address[0]) for *_rest, address in found))


def _modified_at(name: str) -> int:
    try:
        return Path(name).stat().st_mtime_ns
    except OSError:
        return 0


def _read_hosts(name: str) -> frozenset[str]:
    try:
        with Path(name).open(encoding="utf-8", errors="replace") as lines:
            return frozenset(word.lower() for line in lines for word in line.partition("#")[0].split()[1:])
    except OSError:
        return frozenset()


def _ttl_of_absence(error: dns.resolver.NXDOMAIN) -> float:
    """Return for how long a name's absence holds (RFC 2308 §5)."""
    ttls = []
    responses: dict[object, object] = error.kwargs.get("responses", {})
    for response in responses.values():
        if isinstance(response, dns.message.QueryMessage):
            try:
                ttls.append(float(response.resolve_chaining().minimum_ttl))
            except dns.exception.DNSException:
                continue
    return min(ttls, default=_ABSENT_TTL_S)


def _record(data: object) -> Record | None:
    if isinstance(data, dns.rdtypes.IN.A.A | dns.rdtypes.IN.AAAA.AAAA):
        return AddressRecord(str(data.address))
    if isinstance(data, dns.rdtypes.IN.SRV.SRV):
        return SrvRecord(data.priority, data.weight, data.port, data.target.to_text(omit_final_dot=True))
    if isinstance(data, dns.rdtypes.IN.NAPTR.NAPTR):
        return NaptrRecord(
            data.order,
            data.preference,
            data.flags.decode("ascii", "replace"),
            data.service.decode("ascii", "replace"),
            data.regexp.decode("ascii", "replace"),
            data.replacement.to_text(omit_final_dot=True),
        )
    return None
