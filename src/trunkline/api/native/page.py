"""The page for people, made of the OpenAPI document."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from trunkline.api.native.problem_kinds import ALL_KINDS
from trunkline.operations.diagnosis import REJECTIONS

_CODE: Final = re.compile(r"`([^`]+)`")
_STRONG: Final = re.compile(r"\*\*([^*]+)\*\*")
_WORD: Final = re.compile(r"\*([^*\s][^*]*)\*")
_DEEPEST: Final = 5


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of a body or answer, or a parameter."""

    name: str
    kind: str
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True)
class OperationCard:
    """One operation as it is shown."""

    id: str
    method: str
    path: str
    title: str
    text: str
    permission: str
    parameters: list[FieldRow]
    body: list[FieldRow]
    body_type: str
    answers: list[tuple[str, str, list[FieldRow], str]]
    curl: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one tag."""

    name: str
    operations: list[OperationCard] = field(default_factory=list)


async def render_page(document: Mapping[str, Any]) -> bytes:
    """The whole page."""
    return await asyncio.to_thread(_render, document)


def _render(document: Mapping[str, Any]) -> bytes:
    environment = Environment(
        loader=PackageLoader("trunkline.api.native"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["marked"] = marked
    template = environment.get_template("docs.html")
    text = template.render(
        info=document["info"],
        chapters=list(_chapters(document)),
        problems=sorted(ALL_KINDS, key=lambda kind: kind.code),
        rejections=sorted(REJECTIONS.values(), key=lambda one: one.code),
    )
    return text.encode()


def marked(text: str) -> Markup:
    """Paragraphs with the little Markdown that descriptions have."""
    paragraphs = [str(escape(part.strip())) for part in text.split("\n\n") if part.strip()]
    done = [
        _WORD.sub(r"<em>\1</em>", _STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", one)))
        for one in paragraphs
    ]
    return Markup("\n".join(f"<p>{one}</p>" for one in done))  # noqa: S704 - escaped above


def _chapters(document: Mapping[str, Any]) -> Iterator[Chapter]:
    chapters: dict[str, Chapter] = {}
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                tag = item[method].get("tags", ["Other"])[0]
                chapter = chapters.setdefault(tag, Chapter(tag))
                chapter.operations.append(_card(document, path, method, item[method]))
    yield from chapters.values()


def _card(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> OperationCard:
    parameters = [
        FieldRow(
            one["name"],
            f"{_kind(document, one.get('schema', {}))} in {one['in']}",
            one.get("required", False),
            _told(one | {"examples": one.get("schema", {}).get("examples")}),
        )
        for one in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {})
    body_type = next(iter(content), "")
    schema = content.get(body_type, {}).get("schema", {}) if body_type else {}
    answers = [
        (status, response.get("description", ""), *_answer(document, response))
        for status, response in operation["responses"].items()
        if status != "default"
    ]
    text = operation.get("description", "")
    return OperationCard(
        operation["operationId"], method.upper(), path, operation.get("summary", ""), text,
        operation.get("x-permission", ""), parameters, list(_rows(document, schema, "", 0)), ", ".join(content),
        answers, _curl(document, method, path, body_type, schema),
    )  # fmt: skip


def _answer(document: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[list[FieldRow], str]:
    content = response.get("content", {})
    kind = next(iter(content), "")
    rows = list(_rows(document, content[kind].get("schema", {}), "", 0)) if kind else []
    return rows, ", ".join(content)


def _rows(
    document: Mapping[str, Any], schema: Mapping[str, Any], before: str, depth: int
) -> Iterator[FieldRow]:
    schema = _resolved(document, schema)
    if depth > _DEEPEST:
        return
    for name, inner in schema.get("properties", {}).items():
        yield FieldRow(
            before + name, _kind(document, inner), name in schema.get("required", ()), _told(inner)
        )
        yield from _rows(document, inner, f"{before}{name}.", depth + 1)
    if "items" in schema:
        yield from _rows(document, schema["items"], f"{before.rstrip('.')}[].".removeprefix("[]."), depth + 1)
    for option in schema.get("anyOf", ()):
        yield from _rows(document, option, before, depth + 1)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(document, option) for option in schema["anyOf"])
    resolved = _resolved(document, schema)
    if "enum" in resolved:
        return " | ".join(str(value) for value in resolved["enum"])
    if "const" in resolved:
        return str(resolved["const"])
    kind = resolved.get("type", "any")
    if kind == "array":
        return f"list of {_kind(document, resolved.get('items', {}))}"
    return f"{kind} ({resolved['format']})" if "format" in resolved else str(kind)


def _told(schema: Mapping[str, Any]) -> str:
    parts = [schema.get("description", "")]
    if schema.get("default") not in (None, "", [], {}):
        parts.append(f"Default: `{json.dumps(schema['default'])}`.")
    examples = schema.get("examples")
    if examples and examples[0] != "" and not isinstance(examples[0], dict | list):
        parts.append(f"Example: `{examples[0]}`.")
    return " ".join(part for part in parts if part)


def _curl(
    document: Mapping[str, Any], method: str, path: str, body_type: str, schema: Mapping[str, Any]
) -> str:
    target = path.replace("{account}", "1000001")
    words = ['curl -u "$KEY:$SECRET"']
    if method != "get":
        words.append(f"-X {method.upper()}")
    if body_type == "application/json":
        example = _example(document, schema, 0)
        words.append(f"-H 'Content-Type: {body_type}' \\\n  -d '{json.dumps(example)}'")
    elif body_type:
        words.append(f"-H 'Content-Type: {body_type}' --data-binary @FILE")
    return " ".join([*words, f'"$SERVER{target}"'])


def _example(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    schema = _resolved(document, schema)
    if schema.get("examples"):
        return schema["examples"][0]
    if "anyOf" in schema:
        return _example(document, schema["anyOf"][0], depth + 1)
    if "properties" in schema and depth < _DEEPEST:
        return {
            name: _example(document, inner, depth + 1)
            for name, inner in schema["properties"].items()
            if inner.get("examples") or name in schema.get("required", ())
        }
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_example(document, schema.get("items", {}), depth + 1)]
    return {"integer": 1, "number": 1.0, "boolean": True, "string": "text"}.get(schema.get("type", ""), {})
