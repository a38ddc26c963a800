"""The forms of an import: CSV as it is; JSON and XML become the same lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trunkline.api.bandwidth_dashboard.xml_reading import Fields, MalformedXml, read_xml
from trunkline.provisioning.credential_import import ImportedLine
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

COLUMNS: Final = ("username", "realm", "domain", "password", "hash1", "hash1b")
ELEMENTS: Final = {"username": "UserName", "realm": "Realm", "domain": "Domain", "password": "Password", "hash1": "Hash1", "hash1b": "Hash1b"}  # fmt: skip
MOST_LINES: Final = 200_000


@dataclass(frozen=True, slots=True)
class ReadImport:
    """Lines of CSV, and what could not be made one."""

    lines: list[str]
    unreadable: list[ImportedLine]


def read_import(kind: str, body: bytes) -> ReadImport:
    """Read a body of a media type. Raises ProvisioningFault when it cannot be read at all."""
    if kind == "text/csv":
        read = ReadImport(_text(body).splitlines(keepends=True), [])
    elif kind == "application/json":
        read = _as_lines(_of_json(body))
    else:
        read = _as_lines(_of_xml(body))
    if len(read.lines) > MOST_LINES:
        raise _fault(f"An import has at most {MOST_LINES} lines; send it in parts.")
    return read


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _fault(f"Byte {error.start + 1} is no UTF-8; save the file in UTF-8.") from None


def _of_json(body: bytes) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(_text(body))
    except (ValueError, RecursionError) as error:
        raise _fault(f"The body is no JSON: {str(error)[:120]}.") from None
    entries = document.get("items") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise _fault('Send a list of credentials, or {"items": [...]}.')
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def _of_xml(body: bytes) -> list[Mapping[str, Any]]:
    try:
        root = read_xml(body)
        return [_element(root.nth("SipCredential", place)) for place in range(root.count("SipCredential"))]
    except MalformedXml as malformed:
        raise _fault(malformed.sentence) from None


def _element(fields: Fields) -> Mapping[str, Any]:
    return {
        name: text for name, element in ELEMENTS.items() if (text := fields.text_or_none(element)) is not None
    }


def _as_lines(entries: Iterable[Mapping[str, Any]]) -> ReadImport:
    """The first line names the columns, as the import expects it; an entry's number is its line behind that."""
    lines = [",".join(COLUMNS) + "\r\n"]
    unreadable: list[ImportedLine] = []
    for number, entry in enumerate(entries, 2):
        wrong = _wrong(entry)
        if wrong:
            name = entry.get("username")
            unreadable.append(
                ImportedLine(number, name[:64] if isinstance(name, str) else "", "", _fault(wrong))
            )
            lines.append("\r\n")  # an empty line is passed over, and keeps the numbers right
        else:
            lines.append(_line(entry))
    return ReadImport(lines, unreadable)


def _wrong(entry: Mapping[str, Any]) -> str:
    unknown = sorted(str(name)[:40] for name in entry if name not in COLUMNS)
    if unknown:
        return f"'{unknown[0]}' is no field of a credential; there are {', '.join(COLUMNS)}."
    if not isinstance(entry.get("username"), str) or not entry["username"].strip():
        return "A credential needs a username."
    for name, value in entry.items():
        if value is not None and (not isinstance(value, str) or not value.isprintable()):
            return f"The field {name} must be a text on one line."
    return "" if not entry["username"].lstrip().startswith("#") else "A user name cannot begin with '#'."


def _line(entry: Mapping[str, Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([entry.get(name) or "" for name in COLUMNS])
    return line.getvalue()


def _fault(sentence: str) -> ProvisioningFault:
    return ProvisioningFault(FaultCode.INVALID_IMPORT, sentence)
