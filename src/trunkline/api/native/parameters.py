"""Parameters that many operations have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from trunkline.api.native.documents import LARGEST_ID, NO_CONTROLS

Reference = Annotated[
    str,
    Path(
        min_length=1, max_length=320, pattern=NO_CONTROLS, description="An id, or a name where one is unique."
    ),
]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Force = Annotated[bool, Query(description="Remove what depends on it, too.")]
Since = Annotated[str, Query(examples=["2026-03-01T00:00:00Z"])]
