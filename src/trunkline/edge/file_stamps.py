"""Whether files were written or replaced: PEM files change under a running server when certificates are renewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

CHECK_EVERY_S: Final = 1.0


class FileStamps:
    """Looks at some files at most once a second. Files that are absent count as changed when they come."""

    def __init__(self, names: Iterable[str], clock: Callable[[], float]) -> None:
        self._names: Final = tuple(names)
        self._clock: Final = clock
        self._checked_at = clock()
        self._stamps = self._read()

    def have_changed(self) -> bool:
        """Whether a file has changed since the last look that said so; False when they were looked at just now."""
        now = self._clock()
        if now - self._checked_at < CHECK_EVERY_S:
            return False
        self._checked_at = now
        before, self._stamps = self._stamps, self._read()
        return self._stamps != before

    def _read(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_stamp(name) for name in self._names)


def _stamp(name: str) -> tuple[int, int, int]:
    """What changes when a file is written or replaced; zeros while it is absent."""
    try:
        status = Path(name).stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
