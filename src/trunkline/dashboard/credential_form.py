"""The forms of a credential: its secret and its privileges, read from what was typed."""

from __future__ import annotations

from typing import Final, TypeVar

from trunkline.dashboard.forms import Form
from trunkline.dashboard.limit_fields import limit_values, limits_of
from trunkline.domain.credential import CallerIdRule, Credential
from trunkline.domain.media_mode import MediaMode
from trunkline.provisioning.credentials import Privileges
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.secret_input import Generated, Hashes, Password, SecretInput

NEW: Final = {
    "secret": "generate",
    "caller_id_rule": CallerIdRule.ANY.value,
    "media": MediaMode.ANCHORED.value,
}

_Choice = TypeVar("_Choice", CallerIdRule, MediaMode)

_FIELDS: Final = {
    FaultCode.INVALID_USERNAME: "username",
    FaultCode.USERNAME_TOO_LONG: "username",
    FaultCode.CREDENTIAL_EXISTS: "username",
    FaultCode.INVALID_DOMAIN: "domain",
    FaultCode.INVALID_PASSWORD: "password",
    FaultCode.INVALID_HASH: "hash1",
    FaultCode.UNKNOWN_REALM: "realm",
    FaultCode.NO_DEFAULT_REALM: "realm",
    FaultCode.UNKNOWN_APPLICATION: "application",
    FaultCode.INVALID_CALLER_ID: "caller_id",
    FaultCode.INVALID_NUMBER: "caller_id",
    FaultCode.INVALID_OVERLAP: "overlap",
}


def refuse(form: Form, fault: ProvisioningFault) -> None:
    """Put what a use case says beside the field that it is about."""
    if fault.code is FaultCode.INVALID_HASH and fault.sentence.startswith("Hash1b"):
        form.errors["hash1b"] = fault.sentence
    else:
        form.refuse(fault, _FIELDS)


def secret_of(form: Form) -> SecretInput:
    """The secret that was chosen: generated unless the form says otherwise."""
    match form["secret"]:
        case "password":
            return Password(form["password"])
        case "hashes":
            return Hashes(form["hash1"], form["hash1b"])
    return Generated()


def privileges_of(form: Form, *, enabled: bool) -> Privileges:
    """The privileges that a form names; what is wrong with a limit is put beside its field."""
    rule = _one_of(CallerIdRule, form["caller_id_rule"], CallerIdRule.ANY)
    return Privileges(
        application=form["application"],
        enabled=enabled,
        caller_id_rule=rule,
        caller_id=form.text("caller_id") if rule is CallerIdRule.FIXED else "",
        limits=limits_of(form),
        media=_one_of(MediaMode, form["media"], MediaMode.ANCHORED),
    )


def form_of(credential: Credential) -> Form:
    """A form with what is kept of a credential."""
    return Form(
        {
            "application": credential.application_id or "",
            "caller_id_rule": credential.caller_id_rule.value,
            "caller_id": credential.caller_id,
            "media": credential.media.value,
            **limit_values(credential.limits),
        }
    )


def _one_of(kind: type[_Choice], text: str, otherwise: _Choice) -> _Choice:
    return next((one for one in kind if one.value == text), otherwise)
