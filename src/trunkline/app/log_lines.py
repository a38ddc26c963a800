"""Logging: lines for people or JSON objects, from our own loggers and from the libraries' alike."""

from __future__ import annotations

import io
import logging
import sys
from typing import Final, TextIO

import structlog

from trunkline.app.line_budget import LineBudget
from trunkline.sip.grammar import printable

_SHARED: Final[list[structlog.types.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def set_up_logging(form: str, level: str) -> None:
    """Write log lines to standard error. ``form`` is people or json, ``level`` a name of :mod:`logging`."""
    renderer: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            _one_line_each,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=14,
                exception_formatter=_traceback,
            ),
        ]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    handler.addFilter(_EdgeLines().admits)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "uvicorn", "uvicorn.error", "websockets", "aiosqlite", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _one_line_each(
    _logger: object, _name: str, fields: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Keep what came from the wire from beginning a line of its own, and from steering the terminal.

    The lines of a traced message are marked as such. (JSON escapes all of this by itself.)
    """
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = _marked(value) if name == "event" else printable(value)
    return fields


def _marked(text: str) -> str:
    return "\n  | ".join([printable(line) for line in text.split("\n")])


def _traceback(out: TextIO, exception: structlog.types.ExcInfo) -> None:
    """A traceback without local variables: there may be a password or a hash among them."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exception)
    out.write(_marked(plain.getvalue()))


class _EdgeLines:
    """Bounds what connections that come to nothing write: anybody can open some."""

    def __init__(self) -> None:
        self._budget: Final = LineBudget()

    def admits(self, record: logging.LogRecord) -> bool:
        is_bounded = record.levelno <= logging.INFO and record.name.startswith("trunkline.edge")
        return not is_bounded or self._budget.admits()
