"""Which path and method is what: prefixes and path segments in any case, authentication, and every refusal as XML."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import URLPath
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from trunkline.api.authentication import CHALLENGE, acting, authenticate, gate_of
from trunkline.api.bandwidth_dashboard import applications, credential_creation, credentials, realms
from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest, xml_response
from trunkline.api.bandwidth_dashboard.edge_management import EdgeManagement, SipAddresses
from trunkline.api.bandwidth_dashboard.errors import (
    FORBIDDEN,
    NOT_FOUND,
    DashboardFault,
    dashboard_fault,
    response_status,
)
from trunkline.api.bandwidth_dashboard.xml_reading import MalformedXml
from trunkline.api.bandwidth_dashboard.xml_writing import element
from trunkline.domain.account import Account
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

PREFIX: Final = r"/+(?:(?:api(?:/v[12])?|v1\.0)/+)?"
"""Where clients look for the same resources: /api, /api/v1, /api/v2, /v1.0, or nothing before /accounts."""

MAX_ACCOUNT_DIGITS: Final = 15

Handler = Callable[[DashboardRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method does. ``envelope`` is the root of its refusals."""

    handler: Handler
    permission: Permission
    envelope: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A path, and what each method does there."""

    pattern: re.Pattern[str]
    operations: Mapping[str, Operation]

    def operation(self, method: str) -> Operation | None:
        """What a method does; None where it does nothing."""
        return self.operations.get("GET" if method == "HEAD" else method)

    def envelope(self, method: str) -> str:
        """The root of a refusal of a method, be it spoken here or not."""
        return (self.operation(method) or next(iter(self.operations.values()))).envelope

    @property
    def allowed(self) -> str:
        """The methods that are spoken here, as ``Allow`` lists them."""
        return ", ".join(
            spoken
            for method in self.operations
            for spoken in ((method, "HEAD") if method == "GET" else (method,))
        )


def build_bandwidth_dashboard(sip_addresses: SipAddresses) -> list[DashboardRoute]:
    """The routes of this API. ``sip_addresses`` tells where the devices of an account reach the server.

    What authentication stands on is in each request's ``state.gate``.
    """
    return [DashboardRoute(resource) for resource in _resources(EdgeManagement(sip_addresses))]


class DashboardRoute(BaseRoute):
    """One resource below every prefix."""

    def __init__(self, resource: Resource) -> None:
        self.resource: Final = resource

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path is this resource's, in any case."""
        found = self.resource.pattern.fullmatch(scope["path"]) if scope["type"] == "http" else None
        return (Match.NONE, {}) if found is None else (Match.FULL, {"path_params": found.groupdict()})

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """These routes have no names."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self.resource.operation(request.method)
        envelope = self.resource.envelope(request.method)
        try:
            principal = await authenticate(request)
            if principal is None:
                return _unknown(envelope)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"Allow": f"{self.resource.allowed}, OPTIONS"})
            if operation is None:
                return _not_allowed(envelope, request.method, self.resource.allowed)
            return await _perform(request, principal, operation)
        except DashboardFault as fault:
            return _refused(envelope, fault)
        except MalformedXml as malformed:
            return _refused(envelope, DashboardFault(None, malformed.sentence))
        except ProvisioningFault as fault:
            return _refused(
                envelope,
                dashboard_fault(
                    fault, nested="credential" in request.path_params and "realm" in request.path_params
                ),
                fault,
            )


async def _perform(request: Request, principal: Principal, operation: Operation) -> Response:
    account = await _account(request, principal, operation.permission)
    asked = DashboardRequest(request, account, principal, acting(request, principal), request.path_params)
    return await operation.handler(asked)


async def _account(request: Request, principal: Principal, permission: Permission) -> Account:
    """The account of the path, as far as the sender may do this in it. Raises DashboardFault."""
    text = request.path_params["account"]
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_ACCOUNT_DIGITS
    account_id = int(text) if is_number else 0
    if not principal.may(permission, account_id):
        raise DashboardFault(None, f"You may not do this in account '{text[:64]}'", FORBIDDEN)
    try:
        return await gate_of(request).provisioning.accounts.get(account_id)
    except ProvisioningFault:
        raise DashboardFault(4022, f"Account '{text[:64]}' does not exist or is locked", NOT_FOUND) from None


def _unknown(envelope: str) -> Response:
    text = "Say who you are: HTTP Basic with a user or an API key, or a bearer token"
    response = xml_response(element(envelope, response_status(None, text)), 401)
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _not_allowed(envelope: str, method: str, allowed: str) -> Response:
    text = f"{method[:20]} is not done here; {allowed} can be"
    response = xml_response(element(envelope, response_status(None, text)), 405)
    response.headers["Allow"] = f"{allowed}, OPTIONS"
    return response


def _refused(envelope: str, fault: DashboardFault, cause: ProvisioningFault | None = None) -> Response:
    response = xml_response(element(envelope, response_status(fault.code, fault.text)), fault.status)
    if cause is not None and cause.code in {FaultCode.TOO_MANY_TRIES, FaultCode.TOO_MANY_REQUESTS}:
        response.headers["Retry-After"] = str(getattr(cause, "retry_after_s", 1))
    return response


def _resources(edge: EdgeManagement) -> tuple[Resource, ...]:
    return (
        _resource(
            "realms",
            GET=_reading(realms.list_realms, "Realms"),
            POST=_writing(realms.add_realm, "Realm"),
        ),
        _resource(
            "realms/{realm}",
            GET=_reading(realms.show_realm, "Realm"),
            PUT=_writing(realms.replace_realm, "Realm"),
            DELETE=_writing(realms.remove_realm, "Realm"),
        ),
        _resource(
            "realms/{realm}/sipcredentials",
            GET=_reading(credentials.list_credentials_of_realm, "SipCredentials"),
            POST=_writing(credential_creation.add_credentials_to_realm, "SipCredentials"),
        ),
        _resource(
            "realms/{realm}/sipcredentials/{credential}",
            GET=_reading(credentials.show_credential_of_realm, "SipCredential"),
            PUT=_writing(credentials.replace_credential_of_realm, "SipCredential"),
            DELETE=_writing(credentials.remove_credential_of_realm, "SipCredential"),
        ),
        _resource(
            "sipcredentials",
            GET=_reading(credentials.list_credentials, "SipCredentials"),
            POST=_writing(credential_creation.add_credentials, "SipCredentials"),
        ),
        _resource(
            "sipcredentials/{credential}",
            GET=_reading(credentials.show_credential, "SipCredential"),
            PUT=_writing(credentials.replace_credential, "SipCredential"),
            DELETE=_writing(credentials.remove_credential, "SipCredential"),
        ),
        _resource(
            "applications",
            GET=_reading(applications.list_applications, "ApplicationProvisioning"),
            POST=_writing(applications.add_application, "ApplicationProvisioning"),
        ),
        _resource(
            "applications/{application}",
            GET=_reading(applications.show_application, "ApplicationProvisioning"),
            PUT=_writing(applications.replace_application, "ApplicationProvisioning"),
            PATCH=_writing(applications.change_application, "ApplicationProvisioning"),
            DELETE=_writing(applications.remove_application, "ApplicationProvisioning"),
        ),
        _resource(
            "applications/{application}/associatedsippeers",
            GET=_reading(applications.list_sip_peers, "AssociatedSipPeers"),
        ),
        _resource(
            "products/edgemanagement/settings",
            GET=_reading(edge.show_settings, "EdgeManagementSettings"),
        ),
        _resource(
            "products/edgemanagement/settings/sipauthentication",
            GET=_reading(edge.show_sip_authentication, "SipAuthentication"),
        ),
    )


def _resource(path: str, **operations: Operation) -> Resource:
    segments = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)).replace("/", "/+")
    return Resource(
        re.compile(f"{PREFIX}accounts/+(?P<account>[^/]+)/+{segments}/*", re.IGNORECASE), operations
    )


def _reading(handler: Handler, noun: str) -> Operation:
    return Operation(handler, Permission.READ, f"{noun}Response")


def _writing(handler: Handler, noun: str) -> Operation:
    return Operation(handler, Permission.PROVISION, f"{noun}Response")
