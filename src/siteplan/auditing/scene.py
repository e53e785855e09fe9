"""Everything that a rule may look at in one unit at the end of one phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from siteplan.standards.rule import Rule


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One unit at the end of one phase.

    Parameters
    ----------
    figures : mapping of str to float
        households, people, elderly, children and buildings of the unit; NaN or absent where the layers do not say.
    facilities : DataFrame, columns id, type, site, inside, area_m2, status, mode
        What is open in the unit, with its area then; the index tells the rows of the plan's facilities.
    standing : DataFrame
        The same of the whole plan.
    reached : callable
        From facility types and metres to the households of the unit that such facilities serve within so many metres.
    straight : callable
        From rows of ``facilities`` and a word of ``apart_from`` to straight metres to the nearest such thing; inf: there is none.
    doorstep : callable
        From rows of ``facilities`` to the walking metres of the household of its own community that is nearest to each; inf: none.
    listed : callable
        From a rule on workers or yearly money to what the plan lists for it as the unit's need; 0: nothing.
    """

    figures: Mapping[str, float]
    facilities: pd.DataFrame
    standing: pd.DataFrame
    reached: Callable[[tuple[str, ...], float], float]
    straight: Callable[[pd.Index, str], npt.NDArray[np.float64]]
    doorstep: Callable[[pd.Index], npt.NDArray[np.float64]]
    listed: Callable[[Rule], float]

    def of(self, types: tuple[str, ...]) -> pd.DataFrame:
        """Return the unit's facilities of ``types``; of any type where none is named."""
        return self.facilities[self.facilities["type"].isin(types)] if types else self.facilities
