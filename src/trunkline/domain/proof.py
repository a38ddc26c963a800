"""Which secret of a credential an answer was made with, and what its sender may have done wrong when with none.

As many hashes are computed whoever asks, so that a stranger cannot tell by the time it takes who is known here.
"""

from __future__ import annotations

from typing import Final

from trunkline.domain import rejection as rejections
from trunkline.domain.credential import Credential, Secret
from trunkline.domain.rejection import Rejection
from trunkline.sip.digest import MD5, SHA256, Authorization, is_response

_NOBODY: Final = "0" * 32
_NOBODY_SHA: Final = "0" * 64
"""Computed with where there is no HA1, only to take as long: see :func:`fits`."""

_BEFORE_ALL: Final = float("-inf")
"""A time when no secret was over."""

_LONGEST_SHOWN: Final = 100


def fits(authorization: Authorization, ha1: str, ha2: str) -> bool:
    """Whether the answer was made with this HA1. An empty one fits nothing, but that takes as long to find."""
    if ha1:
        return is_response(authorization, ha1, ha2)
    is_response(authorization, _NOBODY if authorization.algorithm == MD5 else _NOBODY_SHA, ha2)
    return False


def ha1_to_fit(
    credential: Credential | None, generation: int, algorithm: str, with_realm: bool, now: float
) -> str:
    """The HA1 that the user's answer must be made with, "" when there is none."""
    if credential is None or generation >= len(credential.secrets):
        return ""
    secret: Secret = credential.secrets[generation]
    valid_until = secret.valid_until
    if valid_until is not None and valid_until <= now:
        return ""
    pair = secret.md5
    if algorithm != MD5:
        other = secret.sha256 if algorithm == SHA256 else secret.sha512_256
        if other is None:
            return ""
        pair = other
    return (pair.hash1b or "") if with_realm else pair.hash1


def look_again(
    authorization: Authorization, credential: Credential | None, ha2: str, with_realm: bool, now: float
) -> tuple[int, Rejection]:
    """Try the older secret, and find out what the sender may have done wrong.

    As many hashes are computed whoever it is. Returns the generation that fits, -1 when none does, and then the
    diagnosis.
    """
    algorithm = authorization.algorithm
    fits_older = fits(authorization, ha1_to_fit(credential, 1, algorithm, with_realm, _BEFORE_ALL), ha2)
    fits_other_form = fits(authorization, ha1_to_fit(credential, 0, algorithm, not with_realm, now), ha2)
    fits_older_form = fits(authorization, ha1_to_fit(credential, 1, algorithm, not with_realm, now), ha2)
    if credential is None:
        return -1, rejections.UNKNOWN_USER.because(f"user name {shown(authorization.username)}")
    if fits_older and ha1_to_fit(credential, 1, algorithm, with_realm, now):
        return 1, rejections.WRONG_PASSWORD
    if fits_older:
        return -1, rejections.WRONG_PASSWORD.because("the answer fits the secret before, whose time is over")
    if fits_other_form or fits_older_form:
        detail = (
            "the answer fits Hash1, but the user name carries the realm, for which Hash1b is taken"
            if with_realm
            else "the answer fits Hash1b, but the user name is without the realm, for which Hash1 is taken"
        )
        return -1, rejections.WRONG_PASSWORD.because(detail)
    if not ha1_to_fit(credential, 0, algorithm, with_realm, now):
        has_hash1 = with_realm and ha1_to_fit(credential, 0, algorithm, False, now)
        missing = (
            "Hash1b, which a user name with the realm needs," if has_hash1 else f"valid {algorithm} hash"
        )
        return -1, rejections.WRONG_PASSWORD.because(f"no {missing} is stored: set the password again")
    return -1, rejections.WRONG_PASSWORD


def shown(text: str) -> str:
    """A stranger's text as far as a log needs it."""
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
