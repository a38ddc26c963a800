"""What people may see of a SIP message: nothing to log in or to listen in with, and nothing that people said to each other."""

from __future__ import annotations

import re
from typing import Final

from trunkline.app.text_masking import without_text

_VALUE: Final = rb'(?:"(?:[^"\\\r\n]|\\.|\r\n[ \t])*"?|[^\s,;"]+)'


class _Secret:
    """What may follow a word: ``pattern`` begins with the word, and what its first group leaves over is starred out."""

    def __init__(self, word: bytes, pattern: bytes, stars: bytes) -> None:
        self.word: Final = word
        self.pattern: Final = re.compile(b"(?i)" + pattern)
        self.stars: Final = stars


_SECRETS: Final = (
    _Secret(b"nonce", rb"(nonce\s*=\s*)" + _VALUE, b'"***"'),
    _Secret(b"response", rb"(response\s*=\s*)" + _VALUE, b'"***"'),
    _Secret(b"authorization", rb"(authorization[ \t]*:[ \t]*+)(?!digest\b)[^\r\n]*", b"***"),
    _Secret(b"a=crypto:", rb"((?<![^\r\n])a=crypto:.*?inline:)[^\r\n]*", b"***"),
    _Secret(b"a=key-mgmt:", rb"(a=key-mgmt:)[^\r\n]*", b"***"),
    _Secret(b"a=ice-pwd:", rb"(a=ice-pwd:)[^\r\n]*", b"***"),
)
"""A word that stands within another (a cnonce's nonce) is meant too: a star too many harms nobody. Each pattern takes a
time that grows with the length of a message only: strangers write them."""

_USER: Final = re.compile(rb"[^\s:@<>\"]*")
_END_OF_PASSWORD: Final = re.compile(rb"[\s@<>\";?]")


class Masking:
    """Stars out secrets always; the text of messages and dialled digits too, unless ``shows_text``."""

    def __init__(self, *, shows_text: bool = False) -> None:
        self._shows_text = shows_text

    def __call__(self, data: bytes) -> bytes:
        """A message as it may be shown; its body may have another length than its header says."""
        hidden = without_secrets(data)
        return hidden if self._shows_text else without_text(hidden)

    def text(self, data: bytes) -> str:
        """A message as it may be shown, for people to read."""
        return self(data).decode("utf-8", "backslashreplace").replace("\r\n", "\n").rstrip("\n")


def without_secrets(data: bytes) -> bytes:
    """A SIP message without what could be used to log in, or to listen in: that is starred out."""
    lower = data.lower()
    return _starred_out(data, [*_secrets(data, lower), *_passwords(data, lower)])


def without_password(uri: str) -> str:
    """A URI for the log: a password that somebody put into it is starred out."""
    data = uri.encode("utf-8", "surrogateescape")
    return _starred_out(data, _passwords(data, data.lower())).decode("utf-8", "surrogateescape")


_Span = tuple[int, int, bytes]
"""From where to where something is starred out, and what stands there instead."""


def _secrets(data: bytes, lower: bytes) -> list[_Span]:
    """A look for a word takes a fiftieth of the time of a look for a pattern, and most messages hold few of them."""
    spans: list[_Span] = []
    for secret in _SECRETS:
        at = lower.find(secret.word)
        while at >= 0:
            found = secret.pattern.match(data, at)
            if found is not None:
                spans.append((found.end(1), found.end(), secret.stars))
            at = lower.find(secret.word, found.end() if found is not None else at + 1)
    return spans


def _passwords(data: bytes, lower: bytes) -> list[_Span]:
    """What stands between the colon behind a URI's user and its ``@``."""
    spans: list[_Span] = []
    for scheme in (b"sip:", b"sips:"):
        end = -1  # where the password that is looked at ends; further to the right it ends there too
        at = lower.find(scheme)
        while at >= 0:
            user = _USER.match(data, at + len(scheme))
            colon = user.end() if user is not None else len(data)
            if data[colon : colon + 1] == b":":
                if end <= colon:
                    found = _END_OF_PASSWORD.search(data, colon + 1)
                    end = found.start() if found is not None else len(data)
                if data[end : end + 1] == b"@":
                    spans.append((colon, end + 1, b":***@"))
            at = lower.find(scheme, at + 1)
    return spans


def _starred_out(data: bytes, spans: list[_Span]) -> bytes:
    if not spans:
        return data
    pieces: list[bytes] = []
    done = 0
    for start, end, stars in sorted(spans):
        if start >= done:
            pieces += (data[done:start], stars)
            done = end
    pieces.append(data[done:])
    return b"".join(pieces)
