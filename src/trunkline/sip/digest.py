"""Digest access authentication (RFC 7616, RFC 8760; RFC 2069 where a peer sends no ``qop``).

Both sides: reading what a client computed and computing what it should have been, and answering the challenge of
another server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from hashlib import md5, sha256
from hmac import compare_digest
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import quote, split_commas, unescape
from trunkline.sip.message import Request, Response

MD5: Final = "MD5"
SHA256: Final = "SHA-256"
SHA512_256: Final = "SHA-512-256"

HAS_SHA512_256: Final = "sha512_256" in hashlib.algorithms_available
"""Whether this machine's OpenSSL computes SHA-512/256."""

STRONGEST_FIRST: Final = (SHA512_256, SHA256, MD5) if HAS_SHA512_256 else (SHA256, MD5)
OFFERED_ORDER: Final = (SHA256, SHA512_256, MD5) if HAS_SHA512_256 else (SHA256, MD5)
"""How a challenge lists them: what most clients know first, MD5 last (RFC 8760 §2.3)."""

_QUOTED: Final = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque", "qop", "algorithm")
_BEFORE_QUOTE: Final = {start + name + "=": name for start in ("Digest ", ", ", ",") for name in _QUOTED}
"""What usually stands before a quoted value, and which parameter that is."""
_USUAL_PARTS: Final = {
    **{f"{blank}{name}=": (name, "") for blank in (" ", "") for name in _QUOTED},
    **{f"{blank}qop={qop}": ("qop", qop) for blank in (" ", "") for qop in ("auth", "auth-int")},
    **{f"{blank}algorithm={name}": ("algorithm", name) for blank in (" ", "") for name in STRONGEST_FIRST},
}
"""What usually stands between commas outside of quotes; the value is "" where a quoted one follows."""


class Authorization:
    """What a client put into Authorization or Proxy-Authorization.

    ``algorithm`` is in its registered spelling, without ``-sess``; ``is_session`` tells of that. ``qop`` is "" for a
    client of RFC 2069, in lower case otherwise. ``nonce_count`` is 0 without qop, ``nonce_count_text`` as it came.
    """

    def __init__(
        self,
        username: str,
        realm: str,
        nonce: str,
        uri: str,
        response: str,
        algorithm: str = MD5,
        *,
        is_session: bool = False,
        qop: str = "",
        cnonce: str = "",
        nonce_count: int = 0,
        nonce_count_text: str = "",
        opaque: str = "",
    ) -> None:
        self.username: Final = username
        self.realm: Final = realm
        self.nonce: Final = nonce
        self.uri: Final = uri
        self.response: Final = response
        self.algorithm: Final = algorithm
        self.is_session: Final = is_session
        self.qop: Final = qop
        self.cnonce: Final = cnonce
        self.nonce_count: Final = nonce_count
        self.nonce_count_text: Final = nonce_count_text
        self.opaque: Final = opaque

    def __str__(self) -> str:
        parts = [
            f"Digest username={quote(self.username)}, realm={quote(self.realm)}, nonce={quote(self.nonce)}",
            f"uri={quote(self.uri)}",
            f'response="{self.response}"',
            f"algorithm={self.algorithm}{'-sess' if self.is_session else ''}",
        ]
        if self.cnonce:
            parts.append(f"cnonce={quote(self.cnonce)}")
        if self.qop:
            parts.append(f"qop={self.qop}, nc={self.nonce_count_text}")
        if self.opaque:
            parts.append(f"opaque={quote(self.opaque)}")
        return ", ".join(parts)


class Challenge:
    """What a server puts into WWW-Authenticate or Proxy-Authenticate.

    ``algorithm`` is as it was written, "" when absent (MD5 is meant); ``qop`` the list as text, "" when absent.
    """

    def __init__(
        self,
        realm: str,
        nonce: str,
        algorithm: str = MD5,
        qop: str = "auth",
        *,
        stale: bool = False,
        opaque: str = "",
    ) -> None:
        self.realm: Final = realm
        self.nonce: Final = nonce
        self.algorithm: Final = algorithm
        self.qop: Final = qop
        self.stale: Final = stale
        self.opaque: Final = opaque

    def __str__(self) -> str:
        head, tail = challenge_frame(self.realm, self.algorithm, self.qop, self.opaque)
        return f"{head}{self.nonce}{tail}, stale=true" if self.stale else f"{head}{self.nonce}{tail}"


def challenge_frame(realm: str, algorithm: str, qop: str, opaque: str = "") -> tuple[str, str]:
    """What stands before and behind the nonce of a challenge: made once, used for every nonce."""
    tail = '"'
    if algorithm:
        tail += f", algorithm={algorithm}"
    if qop:
        tail += f', qop="{qop}"'
    if opaque:
        tail += f", opaque={quote(opaque)}"
    return f'Digest realm={quote(realm)}, nonce="', tail


def is_digest(value: str) -> bool:
    """Whether credentials or a challenge are of the Digest scheme: others are passed over."""
    return value[:7] == "Digest " or (value[:6].lower() == "digest" and value[6:7] in (" ", "\t", ""))


def parse_authorization(value: str) -> Authorization:
    """Read Digest credentials: parameters in any order, quoted or not. Raises ParseError."""
    found = _parse_parameters(value)
    username = found.get("username")
    if username is None:
        username = _extended(found.get("username*"))
    realm = found.get("realm")
    nonce = found.get("nonce")
    uri = found.get("uri")
    response = found.get("response")
    if username is None or realm is None or nonce is None or uri is None or response is None:
        raise ParseError("Incomplete Authorization")
    if len(response) not in (32, 64) or not response.isascii() or not response.isalnum():
        raise ParseError("Bad Digest Response")
    algorithm = found.get("algorithm")
    is_session = False
    if algorithm is None:
        algorithm = MD5
    elif algorithm != MD5:
        algorithm = algorithm.upper()
        if algorithm.endswith("-SESS"):
            algorithm = algorithm[:-5]
            is_session = True
    qop = found.get("qop")
    cnonce = found.get("cnonce", "")
    opaque = found.get("opaque", "")
    if not qop:
        return Authorization(
            username,
            realm,
            nonce,
            uri,
            response.lower(),
            algorithm,
            is_session=is_session,
            cnonce=cnonce,
            opaque=opaque,
        )
    nonce_count_text = found.get("nc", "")
    return Authorization(
        username,
        realm,
        nonce,
        uri,
        response.lower(),
        algorithm,
        is_session=is_session,
        qop=qop.lower(),
        cnonce=cnonce,
        nonce_count=_nonce_count(nonce_count_text, cnonce),
        nonce_count_text=nonce_count_text,
        opaque=opaque,
    )


def _nonce_count(text: str, cnonce: str) -> int:
    """With qop both nc and cnonce are there (RFC 7616 §3.4)."""
    if not cnonce:
        raise ParseError("Missing cnonce in Authorization")
    if not text.isalnum() or not text.isascii() or len(text) > 8 or text[1:2] in ("x", "X"):
        raise ParseError("Bad nc in Authorization")
    try:
        return int(text, 16)
    except ValueError:
        raise ParseError("Bad nc in Authorization") from None


def _extended(value: str | None) -> str | None:
    """``username*`` (RFC 7616 §3.4, RFC 5987): UTF-8 and percent escapes; None when absent."""
    if value is None:
        return None
    charset, _, rest = value.partition("'")
    _language, quote_mark, text = rest.partition("'")
    if charset.upper() != "UTF-8" or not quote_mark:
        raise ParseError("Bad username* in Authorization")
    return unescape(text)


def parse_challenge(value: str) -> Challenge:
    """Read a Digest challenge. Raises ParseError."""
    found = _parse_parameters(value)
    realm = found.get("realm")
    nonce = found.get("nonce")
    if realm is None or nonce is None:
        raise ParseError("Incomplete Challenge")
    return Challenge(
        realm,
        nonce,
        found.get("algorithm", ""),
        found.get("qop", ""),
        stale=found.get("stale", "").lower() == "true",
        opaque=found.get("opaque", ""),
    )


def _parse_parameters(value: str) -> dict[str, str]:
    """The parameters behind the scheme; names in lower case, values without quotes. Raises ParseError.

    Cut at its quotes, the value is by turns outside and inside of them; what is outside is nearly always just the
    name of what comes inside, in a usual spelling.
    """
    if not is_digest(value):
        raise ParseError("Not a Digest")
    pieces = value.split('"') if "\\" not in value else _split_at_quotes(value)
    last = len(pieces) - 1
    if last % 2:
        raise ParseError("Unbalanced Quotes")
    found: dict[str, str] = {}
    for index in range(0, last, 2):
        outside = pieces[index]
        name = _BEFORE_QUOTE.get(outside)
        if name is None:
            name = _read_outside(outside[6:] if index == 0 else outside, found, is_first=index == 0)
            if not name:
                raise ParseError("Bad Digest Parameter")
        if name in found:
            raise ParseError("Doubled Digest Parameter")
        found[name] = pieces[index + 1]
    outside = pieces[last]
    if outside and _read_outside(outside[6:] if last == 0 else outside, found, is_first=last == 0):
        raise ParseError("Bad Digest Parameter")
    return found


class _Outside:
    """What stands unquoted between two quoted values: whole parameters, and the name of the value that follows.

    ``name`` is "" when none follows.
    """

    def __init__(self, pairs: list[tuple[str, str]], name: str) -> None:
        self.pairs: Final = pairs
        self.name: Final = name


_outsides: Final[dict[str, _Outside]] = {}
"""What was read before: each kind of device writes the same there. When there are too many they are forgotten."""
_MOST_OUTSIDES: Final = 1024
_LONGEST_OUTSIDE: Final = 64


def _read_outside(text: str, found: dict[str, str], *, is_first: bool) -> str:
    """Read the unquoted parameters; return the name that stands last without a value, "" when none does."""
    outside = None if is_first else _outsides.get(text)
    if outside is None:
        outside = _outside(text, is_first=is_first)
        if not is_first and len(text) <= _LONGEST_OUTSIDE:
            if len(_outsides) >= _MOST_OUTSIDES:
                _outsides.clear()
            _outsides[text] = outside
    for name, value in outside.pairs:
        if name in found:
            raise ParseError("Doubled Digest Parameter")
        found[name] = value
    return outside.name


def _outside(text: str, *, is_first: bool) -> _Outside:
    parts = text.split(",")
    last = len(parts) - 1
    if not is_first and parts[0].strip(" \t"):
        raise ParseError("Bad Digest Parameter")
    pairs: list[tuple[str, str]] = []
    for index, part in enumerate(parts):
        usual = _USUAL_PARTS.get(part)
        if usual is not None:
            name, value = usual
        elif part.startswith(" nc="):
            name = "nc"
            value = part[4:].strip(" \t")
        else:
            name, equals, value = part.partition("=")
            name = name.strip(" \t").lower()
            value = value.strip(" \t")
            if not name and not equals:
                continue
            if not name or not equals or " " in name or "\t" in name:
                raise ParseError("Bad Digest Parameter")
        if index == last and not value:
            return _Outside(pairs, name)
        pairs.append((name, value))
    return _Outside(pairs, "")


def _split_at_quotes(value: str) -> list[str]:
    """What :meth:`str.split` does at quotes, for a value with backslashes in its quoted strings: they are undone."""
    pieces: list[str] = []
    piece: list[str] = []
    escaped = False
    for character in value:
        if escaped:
            piece.append(character)
            escaped = False
        elif character == "\\" and len(pieces) % 2:
            escaped = True
        elif character == '"':
            pieces.append("".join(piece))
            piece = []
        else:
            piece.append(character)
    pieces.append("".join(piece))
    return pieces


def hash_hex(algorithm: str, text: str) -> str:
    """The hash of a text as lower-case hexadecimal. Raises ValueError for an algorithm that is none of ours."""
    octets = text.encode() if text.isascii() else text.encode("utf-8", "surrogateescape")
    if algorithm == MD5:
        return md5(octets).hexdigest()
    if algorithm == SHA256:
        return sha256(octets).hexdigest()
    if algorithm == SHA512_256 and HAS_SHA512_256:
        return hashlib.new("sha512_256", octets).hexdigest()
    raise ValueError(f"no digest algorithm {algorithm}")


def ha1_of(algorithm: str, username: str, realm: str, password: str) -> str:
    """HA1 of a password (RFC 7616 §3.4.2)."""
    return hash_hex(algorithm, f"{username}:{realm}:{password}")


def ha2_of(algorithm: str, method: str, uri: str, qop: str = "", body: bytes = b"") -> str:
    """HA2: the method and URI, and the body for ``auth-int`` (RFC 7616 §3.4.3)."""
    if qop != "auth-int":
        return hash_hex(algorithm, method + ":" + uri)
    body_hash = hash_hex(algorithm, body.decode("utf-8", "surrogateescape"))
    return hash_hex(algorithm, f"{method}:{uri}:{body_hash}")


def expected_response(authorization: Authorization, ha1: str, ha2: str) -> str:
    """What ``response`` should be, given both hashes (RFC 7616 §3.4.1; RFC 2069 §2.1.2 without qop)."""
    algorithm = authorization.algorithm
    if authorization.is_session:
        ha1 = hash_hex(algorithm, f"{ha1}:{authorization.nonce}:{authorization.cnonce}")
    nonce = authorization.nonce
    qop = authorization.qop
    if not qop:
        return hash_hex(algorithm, f"{ha1}:{nonce}:{ha2}")
    return hash_hex(
        algorithm, f"{ha1}:{nonce}:{authorization.nonce_count_text}:{authorization.cnonce}:{qop}:{ha2}"
    )


def is_response(authorization: Authorization, ha1: str, ha2: str) -> bool:
    """Whether the client knew HA1; compared in constant time."""
    return compare_digest(expected_response(authorization, ha1, ha2), authorization.response)


def answer_challenge(
    response: Response,
    request: Request,
    username: str,
    realm: str,
    hashes: Mapping[str, str],
    cnonce: str,
    nonce_count: int = 1,
) -> tuple[str, str] | None:
    """Answer another server's 401 or 407: the header field (name, value) to put into the request sent again.

    ``hashes`` is HA1 by algorithm. Only a challenge for ``realm`` is answered, the strongest algorithm we hold an
    HA1 for is taken, and a server that refuses our answer is not answered a second time unless it says with
    ``stale=true`` and another nonce that only the nonce was at fault. None when there is nothing to answer.
    """
    if response.status == 407:
        challenge_name, name = "Proxy-Authenticate", "Proxy-Authorization"
    else:
        challenge_name, name = "WWW-Authenticate", "Authorization"
    challenge = _strongest(response.get_all(challenge_name), realm, hashes)
    if challenge is None or not _may_answer(request.get_all(name), challenge):
        return None
    return name, _answer(challenge, request, username, hashes, cnonce, nonce_count)


def _strongest(values: list[str], realm: str, hashes: Mapping[str, str]) -> Challenge | None:
    """The challenge to answer; None when there is none that we can."""
    best: Challenge | None = None
    best_rank = len(STRONGEST_FIRST)
    for value in values:
        try:
            challenge = parse_challenge(value)
        except ParseError:
            continue
        algorithm, _ = _base_algorithm(challenge.algorithm)
        if challenge.realm != realm or not hashes.get(algorithm) or algorithm not in STRONGEST_FIRST:
            continue
        if challenge.qop and not _chosen_qop(challenge.qop):
            continue
        rank = STRONGEST_FIRST.index(algorithm)
        if rank < best_rank:
            best, best_rank = challenge, rank
    return best


def _may_answer(values: list[str], challenge: Challenge) -> bool:
    for value in values:
        try:
            given = parse_authorization(value)
        except ParseError:
            continue
        if given.realm == challenge.realm and (given.nonce == challenge.nonce or not challenge.stale):
            return False
    return True


def _base_algorithm(text: str) -> tuple[str, bool]:
    """The algorithm in its registered spelling, MD5 when the challenge names none, and whether it is ``-sess``."""
    upper = text.upper()
    if upper.endswith("-SESS"):
        return upper[:-5], True
    return upper or MD5, False


def _chosen_qop(offered: str) -> str:
    """``auth`` where it is offered, else ``auth-int``; "" when neither is."""
    tokens = [token.lower() for token in split_commas(offered)]
    if "auth" in tokens:
        return "auth"
    return "auth-int" if "auth-int" in tokens else ""


def _answer(
    challenge: Challenge,
    request: Request,
    username: str,
    hashes: Mapping[str, str],
    cnonce: str,
    nonce_count: int,
) -> str:
    algorithm, is_session = _base_algorithm(challenge.algorithm)
    qop = _chosen_qop(challenge.qop)
    uri = request.uri_text
    unsigned = Authorization(
        username,
        challenge.realm,
        challenge.nonce,
        uri,
        "",
        algorithm,
        is_session=is_session,
        qop=qop,
        cnonce=cnonce if qop or is_session else "",
        nonce_count=nonce_count,
        nonce_count_text=f"{nonce_count:08x}",
        opaque=challenge.opaque,
    )
    ha2 = ha2_of(algorithm, request.method, uri, qop, request.body)
    return str(
        Authorization(
            username,
            challenge.realm,
            challenge.nonce,
            uri,
            expected_response(unsigned, hashes[algorithm], ha2),
            algorithm,
            is_session=is_session,
            qop=qop,
            cnonce=unsigned.cnonce,
            nonce_count=nonce_count,
            nonce_count_text=unsigned.nonce_count_text,
            opaque=challenge.opaque,
        )
    )
