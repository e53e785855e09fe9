"""Nearest names, for errors that say what was probably meant."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def likeness(a: str, b: str) -> float:
    """Return how alike two names are, 0 to 1, whatever their case.

    >>> likeness("colums", "columns") > 0.9
    True
    """
    return SequenceMatcher(None, a.casefold(), b.casefold()).ratio()


def nearest(name: str, known: Iterable[str], *, at_least: float = 0.0) -> str | None:
    """Return the name in ``known`` that is most like ``name``.

    Parameters
    ----------
    name : str
        What was written.
    known : iterable of str
        What could have been meant.
    at_least : float, default 0.0
        Least likeness, 0 to 1, of an answer.

    Returns
    -------
    str or None
        None where nothing is like enough; of equals the first in ``known``.

    Examples
    --------
    >>> nearest("colums", ["path", "columns", "crs"])
    'columns'
    >>> nearest("xyz", ["path"], at_least=0.5) is None
    True
    """
    options = list(known)
    if not options:
        return None
    best = max(options, key=lambda option: likeness(name, option))
    return best if likeness(name, best) >= at_least else None
