"""Random draws that give the same numbers for the same seed, whatever else is drawn.

Belongs here: named streams of uniform numbers,
and the few distributions made from them. Does not belong here: what the
numbers mean. Everything is made from plain uniform doubles,
the one output of numpy's generators that has stayed the
same over its versions, so that the bundled files can be written again years later.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


class Draws:
    """One stream of random numbers, named by seed, block and purpose.

    A stream per purpose keeps blocks and tables independent: a column more in one table moves nothing
    elsewhere.
    """

    def __init__(self, seed: int, block: int, purpose: str) -> None:
        key = zlib.crc32(purpose.encode())
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, block, key])))

    def uniform(self, count: int) -> Floats:
        """`count` doubles in [0, 1)."""
        return self._generator.random(count)

    def chance(self, count: int, probability: float | Floats) -> Booleans:
        """True with the given probability, each for itself."""
        return self.uniform(count) < probability

    def whole(self, count: int, low: int, high: int) -> Integers:
        """Whole numbers in [low, high)."""
        return low + np.floor(self.uniform(count) * (high - low)).astype(np.int64)

    def choice(self, count: int, weights: Sequence[float] | Floats) -> Integers:
        """Positions in `weights`, drawn in proportion to them."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.minimum(np.searchsorted(edges, self.uniform(count) * edges[-1], side="right"), len(edges) - 1)

    def normal(self, count: int) -> Floats:
        """Standard normal numbers (Box and Muller's transform of two uniforms)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(count)))
        return radius * np.cos(2.0 * np.pi * self.uniform(count))

    def lognormal(self, count: int, median: float | Floats, spread: float) -> Floats:
        """Skewed positive numbers with the given median; `spread` is the deviation of their logarithm."""
        return median * np.exp(spread * self.normal(count))

    def geometric(self, count: int, mean: float | Floats) -> Integers:
        """Whole numbers from 0 on with the given mean, small ones more often."""
        rate = np.log1p(1.0 / np.maximum(mean, 1e-9))
        return np.floor(-np.log1p(-self.uniform(count)) / rate).astype(np.int64)
