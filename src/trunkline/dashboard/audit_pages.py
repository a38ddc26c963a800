"""The audit log: who changed what, from what to what, when, and from where."""

from __future__ import annotations

import json
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


def said(value: JsonValue) -> str:
    """A value of a field as people read it."""
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


PAGES: Final = (Page("GET", "audit", Permission.ADMINISTER, list_entries),)
