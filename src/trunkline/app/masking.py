"""What people may see of a SIP message: nothing to log in or to listen in with, and nothing that people said to each other."""

from __future__ import annotations

import re
from typing import Final

from trunkline.app.text_masking import without_text

_SECRET: Final = re.compile(
    rb'(?i)(\b(?:response|cnonce|nonce)\s*=\s*)(?:"(?:[^"\\\r\n]|\\.|\r\n[ \t])*"?|[^\s,;"]+)'
)
_OTHER_SCHEME: Final = re.compile(rb"(?im)^((?:proxy-)?authorization[ \t]*:[ \t]*+)(?!digest\b)[^\r\n]*")
_KEY: Final = re.compile(rb"(?im)^(a=(?:crypto:.*?inline:|key-mgmt:|ice-pwd:))[^\r\n]*")
_PASSWORD: Final = re.compile(rb"(?i)(\bsips?:[^\s:@<>\"]*):[^\s@<>\";?]*@")


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
    hidden = data
    # Most messages hold nothing of a kind, which a look for a word tells in a fiftieth of the time.
    lower = data.lower()
    if b"nonce" in lower or b"response" in lower:
        hidden = _SECRET.sub(rb'\1"***"', hidden)
    if b"inline:" in lower or b"key-mgmt:" in lower or b"ice-pwd:" in lower:
        hidden = _KEY.sub(rb"\1***", hidden)
    if b"authorization" in lower:
        hidden = _OTHER_SCHEME.sub(rb"\1***", hidden)
    return _PASSWORD.sub(rb"\1:***@", hidden)


def without_password(uri: str) -> str:
    """A URI for the log: a password that somebody put into it is starred out."""
    return _PASSWORD.sub(rb"\1:***@", uri.encode("utf-8", "surrogateescape")).decode(
        "utf-8", "surrogateescape"
    )
