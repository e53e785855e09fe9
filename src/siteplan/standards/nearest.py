"""The known word nearest to a misspelt one, for remedies."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the member of ``known`` most like ``word`` (the first of equals; ``""`` if there is none).

    >>> nearest("p00", ["p000", "national"])
    'p000'
    """
    best, score = "", -1.0
    for option in known:
        ratio = SequenceMatcher(None, word.lower(), option.lower()).ratio()
        if ratio > score:
            best, score = option, ratio
    return best
