"""Rules of SIP user names and their optional domains."""

from __future__ import annotations

import re
from typing import Final

from trunkline.domain.credential import MAX_DOMAIN, MAX_USERNAME
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._\-!$&*+=~]")
_DOMAIN_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


def check_username(username: str, domain: str) -> None:
    """Raise ProvisioningFault when devices or peers could not use this name.

    A user name without a domain of its own may hold one ``@``: it is then the composite name already.
    """
    if not username:
        raise ProvisioningFault(FaultCode.INVALID_USERNAME, "The user name is empty; give one such as alice.")
    if len(username) > MAX_USERNAME:
        raise ProvisioningFault(
            FaultCode.USERNAME_TOO_LONG,
            f"A user name has at most {MAX_USERNAME} characters, '{username[:40]}' has {len(username)}.",
        )
    user, at, host = username.partition("@")
    if at and domain:
        raise ProvisioningFault(
            FaultCode.INVALID_USERNAME,
            f"'{username}' has an @ although a domain is given; leave out one of the two.",
        )
    if wrong := _FORBIDDEN.search(user):
        raise ProvisioningFault(
            FaultCode.INVALID_USERNAME,
            f"A user name cannot have the character '{wrong[0]}'; allowed are letters, digits and . _ - ! $ & * + = ~.",
        )
    if at:
        if not user:
            raise ProvisioningFault(
                FaultCode.INVALID_USERNAME,
                f"'{username}' has nothing before its @; give a user name such as alice.",
            )
        check_domain(host)
    if domain:
        check_domain(domain)


def check_domain(domain: str) -> None:
    """Raise ProvisioningFault when this is no domain to refine a user name with."""
    if len(domain) > MAX_DOMAIN:
        raise ProvisioningFault(
            FaultCode.INVALID_DOMAIN,
            f"A domain has at most {MAX_DOMAIN} characters, this one has {len(domain)}.",
        )
    if not all(_DOMAIN_LABEL.fullmatch(label) for label in domain.split(".")):
        raise ProvisioningFault(
            FaultCode.INVALID_DOMAIN,
            f"'{domain}' is no domain; write it like somewhere.com, or leave it out.",
        )
