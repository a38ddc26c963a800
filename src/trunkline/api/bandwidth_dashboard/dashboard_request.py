"""One authorised request: whose account, by whom, with which query and document."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email.message import Message
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.errors import DashboardFault
from trunkline.api.bandwidth_dashboard.xml_reading import Fields, MalformedXml, read_xml
from trunkline.api.bandwidth_dashboard.xml_writing import document
from trunkline.domain.account import Account
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.provisioning.provisioning import Provisioning

MEDIA_TYPE: Final = "application/xml"
ACCEPTED_TYPES: Final = frozenset({"application/xml", "text/xml"})
MAX_BODY: Final = 8 * 1024 * 1024
LARGE_BODY: Final = 16 * 1024
"""Bytes above which a document is read in a thread: the event loop carries calls, too."""


class DashboardRequest:
    """What a handler is given."""

    def __init__(
        self,
        request: Request,
        account: Account,
        principal: Principal,
        provisioning: Provisioning,
        names: Mapping[str, str],
    ) -> None:
        self.account: Final = account
        self.provisioning: Final = provisioning
        self.names: Final = names
        self.url: Final = request.url
        self.query: Final = {name.lower(): value for name, value in request.query_params.items()}
        self.shows_hashes: Final = not account.masks_hashes and principal.may(Permission.HASHES, account.id)
        self._request = request

    @property
    def account_id(self) -> int:
        """The account of the path."""
        return self.account.id

    def location(self, key: int | str) -> str:
        """The URL of something that was just added to the list of this path."""
        return f"{str(self.url.replace(query='')).rstrip('/')}/{key}"

    async def read(self, root: str, *others: str) -> Fields:
        """The document that was sent, whose root must have one of these names.

        Raises MalformedXml, and DashboardFault for a type or a size that is not accepted.
        """
        charset = self._charset()
        body = await self._body()
        if len(body) > LARGE_BODY:
            fields = await asyncio.to_thread(read_xml, body, charset)
        else:
            fields = read_xml(body, charset)
        if fields.name.lower() not in {name.lower() for name in (root, *others)}:
            raise MalformedXml(f"The document must be a <{root}>, but is a <{fields.name}>.")
        return fields

    def _charset(self) -> str:
        given = self._request.headers.get("content-type", "")
        if not given:
            return ""
        header = Message()
        header["Content-Type"] = given
        if header.get_content_type() not in ACCEPTED_TYPES:
            raise DashboardFault(
                None, f"'{given[:80]}' is not accepted; send the document as Content-Type: {MEDIA_TYPE}", 415
            )
        return header.get_content_charset("")

    async def _body(self) -> bytes:
        body = bytearray()
        async for piece in self._request.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise DashboardFault(
                    None, f"The document is larger than {MAX_BODY} bytes; send it in several parts", 413
                )
        return bytes(body)


def xml_response(root: str, status: int = 200, location: str = "") -> Response:
    """A document as a response."""
    headers = {"Location": location} if location else None
    return Response(document(root), status, headers, MEDIA_TYPE)
