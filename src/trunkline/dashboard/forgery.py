"""Forged requests: a page elsewhere must not act with a visitor's cookie.

Three locks, each enough by itself: the cookie is not sent along by other sites (SameSite), the browser names where a
request comes from (Origin, Sec-Fetch-Site), and every form carries a token that other sites cannot read.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

FIELD: Final = "csrf_token"
HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_token(cookie: str) -> str:
    """The token of a sign-in: computed from its cookie, which no script can read."""
    return hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest()


def has_token(text: str, cookie: str) -> bool:
    """Whether this is the token of a sign-in."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), csrf_token(cookie).encode())


def comes_from_here(request: Request) -> bool:
    """Whether the browser says that a request was made by one of our pages.

    A program that names no origin is let pass: it has no cookie that could be misused, and needs the token anyway.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host", "") != ""
    return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
