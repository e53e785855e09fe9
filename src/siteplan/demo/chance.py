"""Random draws that stay the same across library versions.

Everything is made from the raw uniform doubles of PCG64, because numpy promises the bit stream of a bit generator but
not the algorithms of its distributions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """Return the generator of one part of the county: other parts never disturb it.

    >>> float(stream(1, "sites", 3).random()) == float(stream(1, "sites", 3).random())
    True
    """
    words = [key if isinstance(key, int) else crc32(key.encode()) for key in keys]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def between(rng: np.random.Generator, low: float, high: float, n: int) -> Floats:
    """Return n uniform numbers in [low, high)."""
    return low + (high - low) * rng.random(n)


def one(rng: np.random.Generator, low: float, high: float) -> float:
    """Return one uniform number in [low, high)."""
    return low + (high - low) * float(rng.random())


def whole(rng: np.random.Generator, low: int, high: int, n: int) -> Ints:
    """Return n integers from low to high inclusive."""
    return (low + np.floor((high - low + 1) * rng.random(n))).astype(np.int64)


def shuffled(rng: np.random.Generator, n: int) -> Ints:
    """Return 0 .. n-1 in random order."""
    return np.argsort(rng.random(n), kind="stable").astype(np.int64)


def apportion(total: int, weights: Sequence[float] | Floats, least: int = 0) -> Ints:
    """Return integers that sum to ``total``, in proportion to ``weights`` by largest remainder, none below ``least``.

    Raises
    ------
    ValueError
        If ``total`` is less than ``least`` for each.

    >>> apportion(10, [1, 1, 2])
    array([3, 2, 5])
    """
    share = np.asarray(weights, dtype=np.float64)
    free = total - least * len(share)
    if free < 0:
        raise ValueError(f"{total} cannot give {least} to each of {len(share)}")
    # what a share has above the least part is spread, so that small shares are not raised twice
    above = np.maximum(share / share.sum() * total - least, 0.0)
    if above.sum() == 0:
        above = np.ones(len(share))
    exact = above / above.sum() * free
    parts: Ints = np.floor(exact).astype(np.int64)
    rest = int(free - parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:rest]] += 1
    parts += least
    return parts
