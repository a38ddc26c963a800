"""The form of a trunk, read into a plan and filled from one."""

from __future__ import annotations

from typing import Final

from trunkline.dashboard.forms import Form
from trunkline.dashboard.limit_fields import limit_values, limits_of
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.trunk import DEFAULT_FAILOVER_CODES, Trunk, TrunkTarget
from trunkline.provisioning.faults import FaultCode
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

FIELDS: Final = {
    FaultCode.INVALID_NAME: "name",
    FaultCode.TRUNK_EXISTS: "name",
    FaultCode.INVALID_TARGET: "target",
    FaultCode.INVALID_NETWORK: "allowed_ips",
    FaultCode.NETWORK_TAKEN: "allowed_ips",
    FaultCode.INVALID_PREFIX: "prefixes",
    FaultCode.INVALID_DIGEST: "digest_username",
    FaultCode.INVALID_FAILOVER_CODE: "failover_codes",
    FaultCode.INVALID_RING_TIMEOUT: "ring_timeout_s",
    FaultCode.INVALID_PRIORITY: "target",
}

_RING_S: Final = 60


def new_form() -> Form:
    """The form of a trunk that is yet to be made."""
    return Form(
        {
            "priority": "1",
            "weight": "1",
            "ring_timeout_s": str(_RING_S),
            "failover_codes": _codes_text(DEFAULT_FAILOVER_CODES),
            "plus": "yes",
            "media": MediaMode.ANCHORED.value,
        },
        target=("",),
        target_priority=("1",),
        target_weight=("1",),
    )


def form_of(trunk: Trunk) -> Form:
    """A form with what is kept of a trunk."""
    return Form(
        {
            "prefixes": "\n".join(prefix for prefix in trunk.prefixes if prefix),
            "allowed_ips": "\n".join(trunk.allowed_ips),
            "digest_username": trunk.digest.username if trunk.digest else "",
            "digest_realm": trunk.digest.realm if trunk.digest else "",
            "priority": str(trunk.priority),
            "weight": str(trunk.weight),
            "ring_timeout_s": str(trunk.ring_timeout_s),
            "failover_codes": _codes_text(trunk.failover_codes),
            "plus": "yes" if trunk.plus else "",
            "media": trunk.media.value,
            **limit_values(trunk.limits),
        },
        target=tuple(target.uri for target in trunk.targets),
        target_priority=tuple(str(target.priority) for target in trunk.targets),
        target_weight=tuple(str(target.weight) for target in trunk.targets),
    )


def target_rows(form: Form) -> list[tuple[str, str, str]]:
    """The targets as they were typed: URI, priority, weight; at least one row."""
    return list(
        zip(form.all("target"), form.all("target_priority"), form.all("target_weight"), strict=False)
    ) or [("", "1", "1")]


def plan_of(form: Form, *, enabled: bool, digest_before: str = "") -> TrunkPlan:
    """The plan that a form describes; what cannot be read is put beside its field.

    ``digest_before`` is the user name that the trunk proves itself with now: an empty password keeps it.
    """
    username, password = form.text("digest_username"), form["digest_password"]
    keeps = bool(username) and username == digest_before and not password
    login = DigestLogin(username, form.text("digest_realm"), password) if username and not keeps else None
    return TrunkPlan(
        targets=_targets(form),
        prefixes=form.words("prefixes") or ("",),
        allowed_ips=form.words("allowed_ips"),
        login=login,
        forget_login=not username,
        limits=limits_of(form),
        failover_codes=_codes(form),
        priority=_order(form, "priority"),
        weight=_order(form, "weight"),
        media=MediaMode.DIRECT if form["media"] == MediaMode.DIRECT.value else MediaMode.ANCHORED,
        plus=form.is_checked("plus"),
        ring_timeout_s=_RING_S if (ring := form.whole("ring_timeout_s")) is None else ring,
        enabled=enabled,
    )


def _targets(form: Form) -> tuple[TrunkTarget, ...]:
    targets: list[TrunkTarget] = []
    for uri, priority, weight in target_rows(form):
        if not uri.strip():
            continue
        orders = [text.strip() or "1" for text in (priority, weight)]
        if not all(text.isascii() and text.isdecimal() and len(text) < 9 for text in orders):
            form.errors["target"] = "Priority and weight of a target are whole numbers from 1."
            orders = ["1", "1"]
        targets.append(TrunkTarget(uri.strip(), int(orders[0]), int(orders[1])))
    return tuple(targets)


def _order(form: Form, name: str) -> int:
    number = form.whole(name)
    return 1 if number is None else number


def _codes(form: Form) -> frozenset[int]:
    words = form.words("failover_codes")
    if not all(word.isascii() and word.isdecimal() and len(word) < 5 for word in words):
        form.errors["failover_codes"] = "Write SIP status codes, such as 408 503."
        return DEFAULT_FAILOVER_CODES
    return frozenset(int(word) for word in words)


def _codes_text(codes: frozenset[int]) -> str:
    return " ".join(str(code) for code in sorted(codes))
