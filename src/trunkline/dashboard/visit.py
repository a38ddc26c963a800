"""A visit: one request of somebody who is signed in, and what a page needs to answer it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trunkline.dashboard.cookies import keep_notice, notice_of, theme_of
from trunkline.dashboard.desk import Desk
from trunkline.dashboard.forgery import csrf_token
from trunkline.dashboard.forms import Form, read_form
from trunkline.dashboard.rendering import html, html_in_turns
from trunkline.domain.account import Account
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.operations.operations import Operations
from trunkline.provisioning.api_keys import secret_digest
from trunkline.provisioning.provisioning import Provisioning

MAX_DIGITS: Final = 18
"""Longer numbers are no ids: a database would not take them."""


class Visit:
    """Who asks, for which account. ``accounts`` are those that may be switched to, ``account`` among them.

    ``provisioning`` acts in the visitor's name: what it writes is audited. ``seen_event`` is the id of the last event
    before anything is read for the page: the page listens for those behind it, so that none falls between.
    """

    def __init__(
        self,
        request: Request,
        desk: Desk,
        principal: Principal,
        sign_in: str,
        account: Account,
        accounts: tuple[Account, ...],
        form: Form | None = None,
    ) -> None:
        self.request: Final = request
        self.desk: Final = desk
        self.principal: Final = principal
        self.account: Final = account
        self.accounts: Final = accounts
        self.provisioning: Final[Provisioning] = desk.provisioning.acting_as(principal, source_of(request))
        self.seen_event: Final = 0 if desk.operations is None else desk.operations.events.last_id
        self._sign_in = sign_in
        self._form = form

    # What was asked for.

    def may(self, permission: str) -> bool:
        """Whether the visitor may do this in the account; a template hides what he may not."""
        return self.principal.may(Permission(permission), self.account.id)

    def number(self, name: str) -> int:
        """A part of the path that is a number. Raises HTTPException (404) when nothing can have it."""
        number = int(self.request.path_params[name])
        if number >= 10**MAX_DIGITS:
            raise HTTPException(404, f"There is no {name} {str(number)[:40]}.")
        return number

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        """A parameter behind the path; empty when it is not there."""
        return self.request.query_params.get(name, "").replace("\0", "").strip()

    def query_number(self, name: str) -> int:
        """A parameter that is a number; 0 when it is not there or none."""
        text = self.query(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 0

    @property
    def operations(self) -> Operations:
        """What the running server knows and does. Raises HTTPException (503) where none can be asked."""
        if self.desk.operations is None:
            raise HTTPException(503, "This can be seen at a running server only.")
        return self.desk.operations

    async def form(self) -> Form:
        """What was sent with a form."""
        if self._form is None:
            self._form = await read_form(self.request)
        return self._form

    @property
    def is_fragment(self) -> bool:
        """Whether only a part of a page is wanted: a dialog, or the rows of a table."""
        return self.request.headers.get("hx-request") == "true"

    async def is_still_signed_in(self) -> bool:
        """Whether the sign-in that this visit began with has not ended; asking does not prolong it."""
        digest = secret_digest(self._sign_in)
        sign_ins = await self.desk.access.sign_ins.of(int(self.principal.id))
        return any(one.digest == digest for one in sign_ins)

    # What templates ask.

    @property
    def title_level(self) -> int:
        """The level of a dialog's heading: it is the page's where the dialog stands by itself."""
        return 2 if self.is_fragment else 1

    @cached_property
    def csrf_token(self) -> str:
        """What every form carries."""
        return csrf_token(self._sign_in)

    @cached_property
    def notice(self) -> str:
        """What the page before left to be said."""
        return notice_of(self.request, self._sign_in)

    def path(self, rest: str = "") -> str:
        """The address of a page of this account."""
        return f"/{self.account.id}/{rest}"

    def is_at(self, rest: str) -> bool:
        """Whether this is the page of that address, or one below it."""
        here = self.request.url.path
        return here == self.path(rest) or (rest != "" and here.startswith(f"{self.path(rest)}/"))

    # Answers.

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page; ``values`` is what its template names."""
        response = html(template, status, visit=self, theme=theme_of(self.request), **values)
        if self.notice and not self.is_fragment:
            response.delete_cookie("trunkline_notice", path="/")
        return response

    async def long_page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page with many rows: rendered in turns with everything else that the server does."""
        response = await html_in_turns(template, status, visit=self, theme=theme_of(self.request), **values)
        if self.notice and not self.is_fragment:
            response.delete_cookie("trunkline_notice", path="/")
        return response

    def dialog(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page that a script shows as a dialog over the page before; without one it stands by itself."""
        return self.page(
            template, status, frame="fragment.html" if self.is_fragment else "layout.html", **values
        )

    def go(self, rest: str, notice: str = "") -> Response:
        """Send the browser to another page of the account, which says ``notice`` once."""
        response = RedirectResponse(self.path(rest), 303)
        if notice:
            keep_notice(self.request, response, notice, self._sign_in)
        return response


def source_of(request: Request) -> str:
    """The address of a visitor; empty when the server does not tell."""
    return request.client.host if request.client is not None else ""
