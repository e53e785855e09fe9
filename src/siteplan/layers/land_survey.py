"""Land-use codes of the Third National Land Survey (三调): what each is, whether it may be built on, whether it is farmland.

The table ``land_survey.csv`` beside this file has the codes and names of the survey's working classification (第三次全国国土调查工作分类,
TD/T 1055-2019); ``use``, ``build`` and ``farm`` are what siteplan makes of them (docs/decisions/0022-exclusions.md).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.errors import DataError
from siteplan.layers.names import nearest
from siteplan.messages import _, language

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, kw_only=True)
class LandUse:
    """One land-use class.

    Parameters
    ----------
    code : str
        Of the survey, ``"0101"``; with its letter where it has one, ``"0201K"``.
    zh, en : str
        Names.
    use : str
        cultivated, orchard, woodland, grassland, wetland, water, built, transport, vacant, farm_facility or bare.
    build : {"open", "built", "permit", "no"}
        ``open``: construction land that nothing stands on; ``built``: construction land in use; ``permit``: only once it has been approved
        for conversion (农用地转用); ``no``: not at all.
    farm : {"yes", "adjustable", "no"}
        ``yes``: cropland; ``adjustable``: its plough layer is whole and it can return to cropland (可调整).
    """

    code: str
    zh: str
    en: str
    use: str
    build: str
    farm: str

    @property
    def label(self) -> str:
        """Its name in the language spoken now."""
        return self.zh if language() == "zh" else self.en


def _read() -> dict[str, LandUse]:
    text = files("siteplan.layers").joinpath("land_survey.csv").read_text(encoding="utf-8")
    return {row["code"]: LandUse(**row) for row in csv.DictReader(text.splitlines())}


LAND_USES: dict[str, LandUse] = _read()
"""Classes by code."""

LAND_VALUES: dict[int, LandUse] = {int(code): use for code, use in LAND_USES.items() if code.isdigit()}
"""Classes by the whole number that stands for their code in a raster or a numeric column (0101 is 101); codes with letters have none."""


def land_use(code: object) -> LandUse | None:
    """Return the class of a code as files write it; None for one that is missing or not in the table.

    Zeros in front and decimals that a numeric column has lost or gained are put right; a code of the first level alone (01 to 12) is no class.

    Examples
    --------
    >>> [land_use(code).zh for code in ("0101", 101, 1201.0, "0201k", " 08H2A ", "9")]
    ['水田', '水田', '空闲地', '可调整果园', '高教用地', '特殊用地']
    >>> land_use("0199") is None, land_use(None) is None, land_use("01") is None
    (True, True, True)
    """
    if code is None or (isinstance(code, float) and np.isnan(code)):
        return None
    text = str(int(code)) if isinstance(code, float | int | np.number) and float(code) == int(code) else str(code)
    plain = text.strip().upper().removesuffix(".0")
    return LAND_USES.get(plain) or LAND_USES.get("0" + plain)


def land_uses(codes: Iterable[Any], *, path: str, ids: Iterable[object]) -> list[LandUse | None]:
    """Return the class of every code of a column; None where it is missing.

    Parameters
    ----------
    codes : iterable
        As the layer has them.
    path : str
        The file, for the error.
    ids : iterable
        Ids of the rows, for the error.

    Raises
    ------
    DataError
        If a code is not in the table; it names the row and the nearest code.
    """
    found = []
    for row, code in zip(ids, codes, strict=True):
        use = land_use(code)
        missing = code is None or (isinstance(code, float) and np.isnan(code)) or not str(code).strip()
        if use is None and not missing:
            raise DataError(
                _("land-use code {code} is none of the Third National Land Survey", code=repr(code)),
                remedy=_(
                    "correct it (the nearest is {near}), or name the column with the survey's codes: {lines}",
                    near=nearest(str(code), LAND_USES),
                    lines='[layers.parcels] columns = { land_code = "DLBM" }',
                ),
                path=path,
                row=str(row),
            )
        found.append(use)
    return found
