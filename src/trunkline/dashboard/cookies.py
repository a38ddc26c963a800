"""Cookies: the sign-in, the colours somebody chose, and a notice for the next page."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

SIGN_IN: Final = "trunkline_sign_in"
THEME: Final = "trunkline_theme"
NOTICE: Final = "trunkline_notice"
THEMES: Final = frozenset({"light", "dark"})

_YEAR_S: Final = 365 * 86_400
_NOTICE_S: Final = 60
_MAX_NOTICE: Final = 300


def sign_in_cookie(request: Request) -> str:
    """What the sign-in's cookie holds; empty when there is none."""
    return request.cookies.get(_sign_in_name(request), "")


def keep_sign_in(request: Request, response: Response, cookie: str, longest_s: float) -> None:
    """Give a browser its sign-in: not for scripts, not for other sites, behind https never without it."""
    _set(request, response, _sign_in_name(request), cookie, int(longest_s))


def forget_sign_in(request: Request, response: Response) -> None:
    """Take the sign-in back."""
    response.delete_cookie(
        _sign_in_name(request), secure=is_secure(request), httponly=True, samesite="lax", path="/"
    )


def theme_of(request: Request) -> str:
    """``light`` or ``dark``; empty follows the system."""
    theme = request.cookies.get(THEME, "")
    return theme if theme in THEMES else ""


def keep_theme(request: Request, response: Response, theme: str) -> None:
    """Remember the colours; anything but light and dark follows the system again."""
    _set(request, response, THEME, theme if theme in THEMES else "", _YEAR_S)


def keep_notice(request: Request, response: Response, text: str, sign_in: str) -> None:
    """Let the next page show a sentence. It is signed, so that no other site can make it up."""
    shown = text if len(text) <= _MAX_NOTICE else f"{text[:_MAX_NOTICE]}…"
    encoded = base64.urlsafe_b64encode(shown.encode("utf-8", "replace")).decode()
    _set(request, response, NOTICE, f"{encoded}.{_signature(encoded, sign_in)}", _NOTICE_S)


def notice_of(request: Request, sign_in: str) -> str:
    """The sentence that the page before left; empty when there is none."""
    encoded, _, signature = request.cookies.get(NOTICE, "").partition(".")
    if not encoded or not hmac.compare_digest(signature.encode(), _signature(encoded, sign_in).encode()):
        return ""
    return base64.urlsafe_b64decode(encoded).decode()


def is_secure(request: Request) -> bool:
    """Whether the browser speaks https, to us or to the proxy before us."""
    return request.url.scheme == "https"


def _sign_in_name(request: Request) -> str:
    # With this prefix browsers take the cookie only from this very host, over https.
    return f"__Host-{SIGN_IN}" if is_secure(request) else SIGN_IN


def _signature(text: str, sign_in: str) -> str:
    return hmac.new(sign_in.encode(), f"notice {text}".encode(), hashlib.sha256).hexdigest()[:32]


def _set(
    request: Request,
    response: Response,
    name: str,
    value: str,
    longest_s: int,
    same_site: Literal["lax"] = "lax",
) -> None:
    response.set_cookie(
        name, value, max_age=longest_s, path="/", secure=is_secure(request), httponly=True, samesite=same_site
    )
