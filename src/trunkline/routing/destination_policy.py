"""Which destinations a credential or trunk may call: prefixes that allow and prefixes that forbid."""

from __future__ import annotations

from collections.abc import Sequence


def is_allowed(destinations: Sequence[str], number: str) -> bool:
    """Whether a list such as ``("+1", "-+1900")`` lets an E.164 number pass.

    The longest prefix that fits decides; of two equally long ones the forbidding one. Where none fits, the
    number passes only when the list holds no allowing prefix at all.
    """
    rule = deciding_rule(destinations, number)
    if rule is None:
        return all(each.startswith("-") for each in destinations)
    return not rule.startswith("-")


def deciding_rule(destinations: Sequence[str], number: str) -> str | None:
    """The entry of the list that decides about a number; None when no prefix fits."""
    decisive: str | None = None
    longest = -1
    for rule in destinations:
        prefix = rule.removeprefix("-")
        if not number.startswith(prefix) or len(prefix) < longest:
            continue
        if len(prefix) > longest or rule.startswith("-"):
            decisive = rule
            longest = len(prefix)
    return decisive
