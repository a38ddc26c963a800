"""The audit log: who changed what, from what to what, when, and from where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.search_words import address, instant
from trunkline.dashboard.visit import Visit
from trunkline.domain.audit import JsonValue
from trunkline.domain.role import Permission
from trunkline.provisioning.access_ports import AuditQuery

PAGE_SIZE: Final = 50
WORDS: Final = ("actor", "noun", "key", "from", "until", "everywhere")
NOUNS: Final = ("account", "realm", "credential", "application", "trunk", "number", "user", "key", "webhook")

_MAX: Final = 200
_MAX_SHOWN: Final = 300
_TIMES: Final = ("_at", "_until")
"""How the names of times end."""


async def list_entries(visit: Visit) -> Response:
    """The entries of the account, the newest first; the installation's for who owns it and asks for them."""
    words = {name: visit.query(name)[:_MAX] for name in WORDS}
    form = Form(words)
    before, path = visit.query_number("before"), visit.path("audit")
    found = await visit.provisioning.audit.page(
        AuditQuery(
            account_id=None if words["everywhere"] and visit.principal.is_installer else visit.account.id,
            noun=words["noun"],
            key=words["key"],
            actor_name=words["actor"],
            since=instant(words["from"]) or 0.0,
            until=instant(words["until"]),
            before=before,
            limit=PAGE_SIZE + 1,
        )
    )
    entries = found[:PAGE_SIZE]
    return await visit.long_page(
        "audit/rows.html" if visit.is_fragment else "audit/list.html",
        entries=entries,
        form=form,
        nouns=NOUNS,
        said=said,
        before=before,
        is_narrowed=any(words.values()),
        first=address(path, words),
        following=address(path, {**words, "before": str(entries[-1].id)}) if len(found) > PAGE_SIZE else "",
    )


def said(value: JsonValue, name: str = "") -> str:
    """The value of the field of this name as people read it."""
    text = _text(value, name)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _text(value: JsonValue, name: str) -> str:
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and name.endswith(_TIMES):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, list):
        between = "; " if any(isinstance(one, dict) for one in value) else ", "
        return between.join(_text(one, name) for one in value)
    if isinstance(value, dict):
        held = [(key, one) for key, one in value.items() if one is not None]
        return ", ".join(f"{key.replace('_', ' ')} {_text(one, key)}" for key, one in held)
    return str(value)


PAGES: Final = (Page("GET", "audit", Permission.ADMINISTER, list_entries),)
