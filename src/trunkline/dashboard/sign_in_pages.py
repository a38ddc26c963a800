"""Signing in and out, the colours of the pages, and what a user may do about himself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from trunkline.dashboard.cookies import (
    forget_sign_in,
    keep_sign_in,
    keep_theme,
    sign_in_cookie,
    theme_of,
)
from trunkline.dashboard.desk import Desk
from trunkline.dashboard.forgery import comes_from_here
from trunkline.dashboard.forms import Form, read_form
from trunkline.dashboard.page import accounts_of, checked_form, refusal
from trunkline.dashboard.rendering import html, secured
from trunkline.dashboard.visit import Visit, source_of
from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.sign_ins import LONGEST_S
from trunkline.provisioning.wrong_tries import TooManyTries

NAME_DIGITS: Final = 16
"""So many digits of a sign-in's digest tell it from others on a page; the whole is nobody's business."""

_Work = Callable[[Request], Awaitable[Response]]


class SignInPages:
    """The pages that belong to a browser and its user, not to an account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Their routes."""
        pages = (
            ("GET", "/", self._start),
            ("GET", "/sign-in", self._ask),
            ("POST", "/sign-in", self._sign_in),
            ("GET", "/setup", self._ask_setup),
            ("POST", "/setup", self._set_up),
            ("POST", "/sign-out", self._sign_out),
            ("POST", "/theme", self._theme),
            ("GET", "/me", self._me),
            ("POST", "/me/password", self._change_password),
            ("POST", "/me/sign-out-everywhere", self._sign_out_everywhere),
            ("POST", "/me/sign-out-one", self._sign_out_one),
        )
        return [Route(path, _guarded(work), methods=[method]) for method, path, work in pages]

    async def _start(self, request: Request) -> Response:
        """Send a visitor to his first account, a stranger to the sign-in."""
        principal = await self._known(request)
        if principal is None:
            return RedirectResponse("/sign-in", 303)
        accounts = await accounts_of(self._desk, principal)
        if not accounts:
            raise HTTPException(
                403, "You have no role in any account. Ask the owner of this installation for one."
            )
        return RedirectResponse(f"/{accounts[0].id}/", 303)

    async def _ask(self, request: Request) -> Response:
        if await self._known(request) is not None:
            return RedirectResponse("/", 303)
        return await self._sign_in_page(request, Form({"next": request.query_params.get("next", "")}))

    async def _sign_in_page(self, request: Request, form: Form, status: int = 200) -> Response:
        is_empty = not await self._desk.provisioning.users.all()
        return html("sign_in/sign_in.html", status, form=form, theme=theme_of(request), is_empty=is_empty)

    async def _sign_in(self, request: Request) -> Response:
        if not comes_from_here(request):
            raise HTTPException(403, "This was sent by another site. Open the page here and try again.")
        form = await read_form(request)
        source = source_of(request)
        try:
            principal = await self._desk.access.by_password(form.text("name"), form["password"], source)
        except TooManyTries as fault:
            form.fault = fault.sentence
            return await self._sign_in_page(request, form, 429)
        if principal is None:
            form.fault = "User name or password is wrong."
            return await self._sign_in_page(request, form, 401)
        return await self._begin(request, principal, _own_path(form["next"]))

    async def _begin(self, request: Request, principal: Principal, path: str) -> Response:
        """A fresh sign-in with a cookie of its own: one that was there before is worth nothing any more."""
        sign_ins = self._desk.access.sign_ins
        if before := sign_in_cookie(request):
            await sign_ins.end(before)
        agent = request.headers.get("user-agent", "")
        begun = await sign_ins.begin(int(principal.id), source_of(request), agent)
        response = RedirectResponse(path, 303)
        keep_sign_in(request, response, begun.cookie, LONGEST_S)
        return response

    async def _ask_setup(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        await self._check_setup(token)
        return self._setup_page(request, Form({"token": token, "name": "admin"}))

    def _setup_page(self, request: Request, form: Form, status: int = 200) -> Response:
        return html("sign_in/setup.html", status, form=form, theme=theme_of(request))

    async def _check_setup(self, token: str) -> None:
        if await self._desk.provisioning.users.all():
            raise HTTPException(404, "This server is set up already. Sign in with a user of yours.")
        if not self._desk.setup.fits(token):
            raise HTTPException(
                403,
                "This is not the setup link of the running server: use the one that it printed when it started.",
            )

    async def _set_up(self, request: Request) -> Response:
        if not comes_from_here(request):
            raise HTTPException(403, "This was sent by another site. Open the page here and try again.")
        form = await read_form(request)
        await self._check_setup(form["token"])
        if form["password"] != form["again"]:
            form.errors["again"] = "The two passwords differ; type the same one twice."
            return self._setup_page(request, form, 422)
        try:
            await self._desk.provisioning.accounts.first()
            issued = await self._desk.provisioning.users.add(
                form.text("name"), form["password"], is_installer=True
            )
        except ProvisioningFault as fault:
            form.refuse(fault, _FIELDS)
            return self._setup_page(request, form, 422)
        self._desk.setup.use_up()
        return await self._begin(request, issued.user.principal, "/")

    async def _sign_out(self, request: Request) -> Response:
        cookie = sign_in_cookie(request)
        await checked_form(request, cookie)
        await self._desk.access.sign_ins.end(cookie)
        response = RedirectResponse("/sign-in", 303)
        forget_sign_in(request, response)
        return response

    async def _theme(self, request: Request) -> Response:
        cookie = sign_in_cookie(request)
        form = await checked_form(request, cookie)
        response = RedirectResponse(_own_path(urlsplit(request.headers.get("referer", "")).path), 303)
        keep_theme(request, response, form["theme"] if form else "")
        return response

    async def _me(self, request: Request) -> Response:
        visit = await self._visit(request)
        return visit if isinstance(visit, Response) else await self._me_page(visit, Form())

    async def _me_page(self, visit: Visit, form: Form, status: int = 200) -> Response:
        sign_ins = await self._desk.access.sign_ins.of(int(visit.principal.id))
        known = await self._desk.access.sign_ins.by_cookie(sign_in_cookie(visit.request))
        own = "" if known is None else known[1].digest
        return visit.page(
            "sign_in/me.html", status, form=form, sign_ins=sign_ins[::-1], own=own, digits=NAME_DIGITS
        )

    async def _change_password(self, request: Request) -> Response:
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        form = await visit.form()
        name = visit.principal.name
        try:
            if await self._desk.access.by_password(name, form["current"], source_of(request)) is None:
                form.errors["current"] = "This is not your password now."
                return await self._me_page(visit, form, 422)
            await visit.provisioning.users.set_password(name, form["password"])
        except ProvisioningFault as fault:
            form.refuse(fault, _FIELDS)
            return await self._me_page(visit, form, 422)
        return await self._begin(request, visit.principal, "/me")

    async def _sign_out_everywhere(self, request: Request) -> Response:
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        sign_ins = self._desk.access.sign_ins
        for sign_in in await sign_ins.of(int(visit.principal.id)):
            await sign_ins.end_of(sign_in.digest)
        response = RedirectResponse("/sign-in", 303)
        forget_sign_in(request, response)
        return response

    async def _sign_out_one(self, request: Request) -> Response:
        """End one of the visitor's own sign-ins, named by the beginning of its digest."""
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        name = (await visit.form()).text("sign_in")
        sign_ins = self._desk.access.sign_ins
        for sign_in in await sign_ins.of(int(visit.principal.id)):
            if name and sign_in.digest[:NAME_DIGITS] == name:
                await sign_ins.end_of(sign_in.digest)
        return RedirectResponse("/me", 303)

    async def _visit(self, request: Request) -> Visit | Response:
        """A visit to a page without an account in its address: the visitor's first stands in the frame."""
        cookie = sign_in_cookie(request)
        principal = await self._known(request)
        if principal is None or principal.kind is not PrincipalKind.USER:
            return RedirectResponse("/sign-in?next=/me", 303)
        accounts = await accounts_of(self._desk, principal)
        if not accounts:
            raise HTTPException(
                403, "You have no role in any account. Ask the owner of this installation for one."
            )
        form = await checked_form(request, cookie)
        return Visit(request, self._desk, principal, cookie, accounts[0], accounts, form)

    async def _known(self, request: Request) -> Principal | None:
        cookie = sign_in_cookie(request)
        known = await self._desk.access.sign_ins.by_cookie(cookie) if cookie else None
        return None if known is None else known[0]


def _guarded(work: _Work) -> _Work:
    async def answer(request: Request) -> Response:
        try:
            return secured(await work(request))
        except HTTPException as refused:
            return secured(refusal(request, refused.status_code, refused.detail))

    return answer


_FIELDS: Final = {
    FaultCode.INVALID_NAME: "name",
    FaultCode.INVALID_PASSWORD: "password",
    FaultCode.WEAK_PASSWORD: "password",
}


def _own_path(text: str) -> str:
    """A path of this server to go on to; the start page for anything that might lead elsewhere."""
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if is_own and "\\" not in text else "/"
