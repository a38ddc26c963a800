"""Why the store cannot be used, in one sentence for the operator."""

from __future__ import annotations


class StoreFault(Exception):  # noqa: N818 - the fault is the disk's, the server's or the operator's
    """The database cannot be opened or reached. ``sentence`` says what to do about it and holds no secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
