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


_PASSWORDS: Final = tuple(
    _Secret(word, rb"(%s[^\s:@<>\"]*):[^\s@<>\";?]*@" % word, b":***@") for word in (b"sip:", b"sips:")
)
_SECRETS: Final = (
    _Secret(b"nonce", rb"(nonce\s*=\s*)" + _VALUE, b'"***"'),
    _Secret(b"response", rb"(response\s*=\s*)" + _VALUE, b'"***"'),
    _Secret(b"authorization", rb"(authorization[ \t]*:[ \t]*+)(?!digest\b)[^\r\n]*", b"***"),
    _Secret(b"a=crypto:", rb"(a=crypto:.*?inline:)[^\r\n]*", b"***"),
    _Secret(b"a=key-mgmt:", rb"(a=key-mgmt:)[^\r\n]*", b"***"),
    _Secret(b"a=ice-pwd:", rb"(a=ice-pwd:)[^\r\n]*", b"***"),
    *_PASSWORDS,
)
"""A word that stands within another (a cnonce's nonce) is meant too: a star too many harms nobody."""


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
    return _starred_out(data, _SECRETS)


def without_password(uri: str) -> str:
    """A URI for the log: a password that somebody put into it is starred out."""
    return _starred_out(uri.encode("utf-8", "surrogateescape"), _PASSWORDS).decode("utf-8", "surrogateescape")


def _starred_out(data: bytes, secrets: tuple[_Secret, ...]) -> bytes:
    """A look for a word takes a fiftieth of the time of a look for a pattern, and most messages hold few of them."""
    lower = data.lower()
    spans: list[tuple[int, int, bytes]] = []
    for secret in secrets:
        at = lower.find(secret.word)
        while at >= 0:
            found = secret.pattern.match(data, at)
            if found is not None:
                spans.append((found.end(1), found.end(), secret.stars))
            at = lower.find(secret.word, found.end() if found is not None else at + 1)
    if not spans:
        return data
    spans.sort()
    pieces: list[bytes] = []
    done = 0
    for start, end, stars in spans:
        if start >= done:
            pieces += (data[done:start], stars)
            done = end
    pieces.append(data[done:])
    return b"".join(pieces)
