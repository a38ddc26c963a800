"""Pages: how one is declared, and what stands before each: sign-in, account, permission, forgery, faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from trunkline.dashboard.cookies import sign_in_cookie, theme_of
from trunkline.dashboard.cures import CURES
from trunkline.dashboard.desk import Desk
from trunkline.dashboard.forgery import FIELD, HEADER, SAFE_METHODS, comes_from_here, has_token
from trunkline.dashboard.forms import Form, read_form
from trunkline.dashboard.rendering import html, secured
from trunkline.dashboard.visit import Visit
from trunkline.domain.account import Account
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

UNKNOWN: Final = "unknown-"
"""How the codes of faults begin that mean: there is no such thing."""

Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One method of one address below an account's, and what it takes to be let in."""

    method: str
    path: str
    permission: Permission
    handler: Handler


def route(desk: Desk, page: Page) -> Route:
    """The route of a page."""

    async def answer(request: Request) -> Response:
        try:
            return secured(await _answer(desk, page, request))
        except ProvisioningFault as fault:
            return secured(refusal(request, _status_of(fault), fault.sentence, CURES.get(fault.code)))
        except HTTPException as refused:
            return secured(refusal(request, refused.status_code, refused.detail))

    methods = [page.method]
    return Route(f"/{{account:int}}/{page.path}", answer, methods=methods, name=f"{page.method} {page.path}")


def _status_of(fault: ProvisioningFault) -> int:
    if fault.code is FaultCode.FORBIDDEN:
        return 403
    return 404 if fault.code.value.startswith(UNKNOWN) else 409


async def _answer(desk: Desk, page: Page, request: Request) -> Response:
    cookie = sign_in_cookie(request)
    known = await desk.access.sign_ins.by_cookie(cookie) if cookie else None
    if known is None:
        return _to_sign_in(request)
    principal = request.state.principal = known[0]  # the log names who it was
    accounts = await accounts_of(desk, principal)
    account_id = int(request.path_params["account"])
    account = next((one for one in accounts if one.id == account_id), None)
    if account is None:
        # Whether there is such an account is nobody's business who is not in it.
        raise HTTPException(404, f"There is no account {account_id} that you may see.")
    form = await checked_form(request, cookie)
    visit = Visit(request, desk, principal, cookie, account, accounts, form)
    if not visit.may(page.permission):
        role = principal.role_in(account.id)
        raise HTTPException(403, f"Your role here, {role}, does not allow this. Ask an owner of the account.")
    return await page.handler(visit)


async def checked_form(request: Request, cookie: str) -> Form | None:
    """The form of a request that may change something; None for others.

    Raises HTTPException (403) when it was not one of our own pages that sent it.
    """
    if request.method in SAFE_METHODS:
        return None
    if not comes_from_here(request):
        raise HTTPException(403, "This was sent by another site. Open the page here and try again.")
    form = await read_form(request)
    if not has_token(request.headers.get(HEADER, "") or form[FIELD], cookie):
        raise HTTPException(403, "This page was open for too long. Go back, reload it, and try again.")
    return form


async def accounts_of(desk: Desk, principal: Principal) -> tuple[Account, ...]:
    """The accounts that somebody may enter, the oldest first."""
    accounts = await desk.provisioning.accounts.all()
    return tuple(account for account in accounts if principal.role_in(account.id) is not None)


def refusal(request: Request, status: int, sentence: str, cure: tuple[str, str] | None = None) -> Response:
    """A page that says why there is none. ``cure``: what a link says, and where it leads below the account's address."""
    account = request.path_params.get("account")
    link = None if cure is None or account is None else (cure[0], f"/{account}/{cure[1]}")
    return html("refusal.html", status, theme=theme_of(request), status=status, sentence=sentence, link=link)


def _to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401)
    wanted = request.url.path if request.method in SAFE_METHODS else "/"
    if request.method in SAFE_METHODS and request.url.query:
        wanted += f"?{request.url.query}"
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='/')}", 303)
