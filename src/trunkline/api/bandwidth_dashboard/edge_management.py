"""How the account's devices reach the server: product settings, and the DNS records that its realms need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest, xml_response
from trunkline.api.bandwidth_dashboard.xml_writing import element, flag, leaf
from trunkline.domain.realm import Realm

RECORD_TTL_S: Final = 300
SRV_PRIORITY: Final = 5
SRV_WEIGHT: Final = 50

_ZONE: Final = 1


@dataclass(frozen=True, slots=True)
class SipAddress:
    """Where SIP over UDP is spoken: an IP address or a host name, and a port."""

    host: str
    port: int


SipAddresses = Callable[[int], Sequence[SipAddress]]
"""The addresses that the devices of an account are to use: those of its own port where it has one."""


class EdgeManagement:
    """Shows the settings; they are the installation's, and changed there."""

    def __init__(self, addresses: SipAddresses) -> None:
        self._addresses = addresses

    async def show_settings(self, request: DashboardRequest) -> Response:
        """Credentials are always what lets a device in, and devices may register."""
        restriction = element(
            "AccessRestriction",
            leaf("RestrictedProduct", "SipRegistrar"),
            element("RestrictedAccessTypes", leaf("RestrictedAccessType", "SipCredentials")),
        )
        return xml_response(
            element(
                "EdgeManagementSettings",
                element(
                    "SbcSettings",
                    leaf("TrunkGroupId", request.account_id),
                    leaf("NodeGroupName", request.account.label),
                ),
                element(
                    "SipAuthentication",
                    flag("Enabled", value=True),
                    leaf("Status", "COMPLETE"),
                    leaf("Type", "REGISTRAR"),
                ),
                element("ProductSpecificAccessRestrictions", restriction),
            )
        )

    async def show_sip_authentication(self, request: DashboardRequest) -> Response:
        """The account's port, and for each realm the records that lead devices there."""
        addresses = self._addresses(request.account_id)
        realms = [realm for realm, _ in await request.provisioning.realms.of(request.account_id)]
        ports = dict.fromkeys(address.port for address in addresses)
        zone = element(
            "Zone",
            leaf("Id", _ZONE),
            leaf("Name", request.account.label),
            *(
                element("SipSigPort", leaf("Index", index), leaf("PortNumber", port))
                for index, port in enumerate(ports, 1)
            ),
        )
        listed = (_realm_dns(realm, request.account.label, addresses) for realm in realms)
        return xml_response(
            element(
                "SipAuthenticationResponse",
                element("SipAuthentication", element("SBC", zone), element("RealmDnsList", *listed)),
            )
        )


def _realm_dns(realm: Realm, group: str, addresses: Sequence[SipAddress]) -> str:
    hosts = dict.fromkeys(address.host for address in addresses)
    records = [_record(kind, realm.name, host) for host in hosts if (kind := _address_record(host))]
    for address in addresses:
        # A record of services names a host: an address has the realm's own name, which leads to it.
        target = realm.name if _address_record(address.host) else address.host
        data = f"{SRV_PRIORITY} {SRV_WEIGHT} {address.port} {target}"
        records.append(_record("SRV", f"_sip._udp.{realm.name}", data))
    return element(
        "RealmDns",
        leaf("Realm", realm.name),
        leaf("DefaultGroupName", group),
        element("DNSRecords", *dict.fromkeys(records)),
    )


def _record(kind: str, name: str, data: str) -> str:
    return element(
        "DNSRecord",
        leaf("Type", kind),
        leaf("Name", name),
        leaf("Data", data),
        leaf("TTL", RECORD_TTL_S),
    )


def _address_record(host: str) -> str | None:
    """The type of the record that leads to an address; None for a name."""
    try:
        return "AAAA" if ip_address(host).version == 6 else "A"
    except ValueError:
        return None
