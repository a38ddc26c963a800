"""Reading XML that strangers send: no DTD, no entities, no network, bounded in size and depth, and precise refusals.

Element names are found in any case and in any order, elements that are not asked for are passed over.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from lxml import etree

MAX_DEPTH: Final = 16
ENCODINGS: Final = frozenset({"utf-8", "utf-16", "ascii", "iso8859-1", "iso8859-15", "cp1252"})
"""What a document may be written in, as Python names it: no encoding whose bytes can hide what they mean."""

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_DECLARATION: Final = re.compile(r"^\s*<\?xml(?=\s)[^>]*\?>")
_MISMATCH: Final = re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and ([^\s,]+)")
_UNCLOSED: Final = re.compile(r"Premature end of data in tag (\S+) line (\d+)")
_TOO_DEEP: Final = "boolean(" + "/*" * (MAX_DEPTH + 1) + ")"


class MalformedXml(Exception):  # noqa: N818 - a fault is theirs, not an error of ours
    """The document cannot be read. ``sentence`` says where and why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Fields:
    """The child elements of one element, by name in any case."""

    def __init__(self, node: etree._Element) -> None:
        self._node = node
        self._children: dict[str, list[etree._Element]] = {}
        for child in node:
            self._children.setdefault(local_name(child).lower(), []).append(child)

    @property
    def name(self) -> str:
        """The element's own name, as it was written."""
        return local_name(self._node)

    @property
    def line(self) -> int:
        """The line of the document where the element begins."""
        return int(self._node.sourceline or 0)

    def text(self, *names: str) -> str | None:
        """The text of the child of one of these names without outer spaces; None when there is no such child.

        Raises MalformedXml when it is there twice or has children of its own.
        """
        found = self._only(names)
        if found is None:
            return None
        if len(found):
            raise MalformedXml(
                f"<{local_name(found)}> in line {found.sourceline} must hold text, but holds <{local_name(found[0])}>."
            )
        return (found.text or "").strip()

    def text_or_none(self, name: str) -> str | None:
        """The text of a child that may as well have children of its own, for which it is None."""
        found = self._only((name,))
        return None if found is None or len(found) else (found.text or "").strip()

    def child(self, name: str) -> Fields | None:
        """The fields of the child of this name; None when there is none. Raises MalformedXml when there are two."""
        found = self._only((name,))
        return None if found is None else Fields(found)

    def count(self, name: str) -> int:
        """How many children have this name."""
        return len(self._children.get(name.lower(), ()))

    def nth(self, name: str, place: int) -> Fields:
        """The child of this name at a place, counted from 0. Raises IndexError."""
        return Fields(self._children.get(name.lower(), [])[place])

    def _only(self, names: tuple[str, ...]) -> etree._Element | None:
        found = [child for name in names for child in self._children.get(name.lower(), ())]
        if len(found) > 1:
            raise MalformedXml(
                f"<{local_name(found[1])}> in line {found[1].sourceline} is there twice; give it once."
            )
        return found[0] if found else None


def read_xml(body: bytes, charset: str = "") -> Fields:
    """Read a document. ``charset`` is what the content type says, which counts more than the document's own word.

    Raises MalformedXml.
    """
    text = _DECLARATION.sub(_without_declaration, _decoded(body, charset), count=1)
    if not text.strip():
        raise MalformedXml("The request has no XML document; send one as its body.")
    for forbidden in ("<!DOCTYPE", "<!ENTITY"):
        if (place := text.find(forbidden)) >= 0:
            line = text.count("\n", 0, place) + 1
            raise MalformedXml(f"Line {line} has {forbidden}: document types and entities are not accepted.")
    root = _parsed(text)
    if root.xpath(_TOO_DEEP):
        raise MalformedXml(f"The elements lie more than {MAX_DEPTH} deep in each other.")
    return Fields(root)


def local_name(node: etree._Element) -> str:
    """The name of an element without a namespace."""
    return str(node.tag).rpartition("}")[2]


def _parsed(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except UnicodeEncodeError:
        raise MalformedXml("The document has half a character, which is no Unicode.") from None
    except etree.XMLSyntaxError as error:
        # The log of the exception would tell of other documents, too.
        first = next(iter(parser.error_log), None)
        line, message = (error.lineno or 1, error.msg) if first is None else (first.line, first.message)
        raise MalformedXml(_sentence(line, message)) from None


def _sentence(line: int, message: str) -> str:
    if match := _MISMATCH.search(message):
        return (
            f"The XML is not well formed: <{match[1]}> of line {match[2]} is not closed; "
            f"line {line} has </{match[3]}> instead of </{match[1]}>."
        )
    if match := _UNCLOSED.search(message):
        return f"The XML is not well formed: <{match[1]}> of line {match[2]} is not closed before the document ends."
    return f"The XML is not well formed in line {line}: {message.strip()}."


def _decoded(body: bytes, charset: str) -> str:
    name = _encoding_of(body, charset)
    try:
        encoding = codecs.lookup(name).name
    except (LookupError, ValueError):
        encoding = ""
    if encoding not in ENCODINGS:
        raise MalformedXml(f"The encoding '{name}' is not accepted; write the document in UTF-8.")
    try:
        return body.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedXml(
            f"Byte {error.start + 1} of the document is no {name}; write the document in UTF-8."
        ) from None


def _encoding_of(body: bytes, charset: str) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return encoding
    if charset:
        return charset
    declared = _DECLARED.match(body[:256])
    return declared[1].decode() if declared else "utf-8"


def _without_declaration(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
