"""A DNS server on loopback."""

from __future__ import annotations

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """A DNS server for one zone, in the lines of a master file; broken or silent when told to be."""

    def __init__(self, zone: str):
        self.records = {}
        for line in zone.strip().splitlines():
            name, ttl, _class, kind, data = line.split(maxsplit=4)
            self.records.setdefault((name, kind), []).append((int(ttl), data))
        self.asked = []
        self.is_silent = False
        self.is_broken = False

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self.transport, _protocol = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        self.port = self.transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_exception):
        self.transport.close()

    def datagram_received(self, data, address):
        query = dns.message.from_wire(data)
        [question] = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if self.is_silent:
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.is_broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            self.fill(response, name, kind)
        self.transport.sendto(response.to_wire(), address)

    def fill(self, response, name, kind):
        while alias := self.records.get((name, "CNAME")):
            response.answer.append(dns.rrset.from_text(name, alias[0][0], "IN", "CNAME", alias[0][1]))
            name = alias[0][1]
        found = self.records.get((name, kind), [])
        if found:
            response.answer.append(
                dns.rrset.from_text_list(name, found[0][0], "IN", kind, [data for _ttl, data in found])
            )
        elif not any(known == name for known, _kind in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
            response.authority.append(
                dns.rrset.from_text(
                    "example.",
                    900,
                    "IN",
                    "SOA",
                    "ns.example. admin.example. 1 7200 900 1209600 120",
                )
            )
