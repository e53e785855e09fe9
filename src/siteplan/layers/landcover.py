"""What the codes of a land cover raster mean: a table beside the study, one line a code."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from siteplan.layers.land_survey import LAND_VALUES
from siteplan.layers.names import nearest
from siteplan.layers.repair import Place, some
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

USES: dict[str, tuple[str, ...]] = {
    "cultivated": ("耕地", "农田", "cropland", "cultivated land", "farmland", "旱地", "水田"),
    "orchard": ("园地", "果园", "orchard", "garden", "vineyard", "茶园"),
    "woodland": ("林地", "森林", "forest", "woodland", "tree cover", "shrubland", "灌木地", "灌丛"),
    "grassland": ("草地", "grassland", "grass", "meadow", "pasture"),
    "wetland": ("湿地", "wetland", "marsh"),
    "water": ("水域", "水体", "water", "water bodies", "permanent water bodies"),
    "built": (
        "建设用地",
        "不透水面",
        "人造地表",
        "built-up",
        "built up",
        "artificial surfaces",
        "impervious",
        "residential",
    ),
    "transport": ("交通用地", "交通运输用地", "transport", "roads"),
    "farm_facility": ("设施农用地", "farm facility", "farm facilities"),
    "vacant": ("空闲地", "vacant", "vacant land"),
    "bare": ("裸地", "荒漠", "未利用地", "bare", "bare land", "barren", "bare / sparse vegetation", "rock", "quarry"),
    "snow": ("冰雪", "冰川", "snow", "snow and ice", "permanent snow and ice"),
    "unknown": ("未知", "未分类", "unknown", "unmapped", "no data"),
}
"""Classes of land cover, and the words that tables have for them; those of the land survey's table (land_survey.csv) and two more."""

SURVEY = "survey"
"""What study.toml says where the raster's codes are those of the Third National Land Survey (三调), as whole numbers (0101 is 101)."""

_CODE = ("code", "value", "编码", "代码", "编号", "地类编码", "像元值", "值")
_USE = ("use", "class", "类别", "类", "地类", "类型", "名称", "地类名称", "土地利用", "土地覆盖")
_MOST_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class LandClasses:
    """The classes of a land cover raster.

    Parameters
    ----------
    path : str
        The table.
    uses : mapping of int to str
        Code to a key of USES.
    """

    path: str
    uses: Mapping[int, str]

    def of(self, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.str_]:
        """Return the class of each code, ``""`` for codes that the table lacks; same shape.

        >>> LandClasses(path="t.csv", uses={1: "water", 4: "woodland"}).of(np.array([[4, 1], [9, 4]])).tolist()
        [['woodland', 'water'], ['', 'woodland']]
        """
        found, place = np.unique(codes, return_inverse=True)
        names = np.array([self.uses.get(int(code), "") for code in found], dtype=np.str_)
        return names[place].reshape(codes.shape)

    def codes_of(self, *uses: str) -> npt.NDArray[np.int64]:
        """Return the codes of some classes, sorted.

        >>> LandClasses(path="t.csv", uses={4: "woodland", 1: "water", 3: "woodland"}).codes_of("woodland").tolist()
        [3, 4]
        """
        return np.array(sorted(code for code, use in self.uses.items() if use in uses), dtype=np.int64)


def read_classes(path: Path | str) -> LandClasses:
    """Read the table of a land cover raster's codes.

    Parameters
    ----------
    path : path
        A CSV with a line of headings, among them ``code`` (编码, 代码, ...) and ``use`` (class, 类别, 地类, ...); UTF-8, or GB18030.
        ``"survey"``: the codes of the Third National Land Survey.

    Returns
    -------
    LandClasses

    Raises
    ------
    LayerError
        If the file is missing or no such table, a code is no whole number or comes twice, or a class is not known; it names the line.
    """
    if path == SURVEY:
        return LandClasses(path=SURVEY, uses={code: use.use for code, use in LAND_VALUES.items()})
    place = Place(role="landcover", path=str(path))
    rows = _rows(Path(path), place)
    code, use = _heading(rows[0], _CODE, "code", place), _heading(rows[0], _USE, "use", place)
    uses: dict[int, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        cells = [*row, *[""] * len(rows[0])]
        if not any(cell.strip() for cell in cells):
            continue
        number = _code(cells[code].strip(), place, line)
        if number in uses:
            raise place.error(
                _("the code {code} comes twice", code=number),
                remedy=_("keep one of the lines"),
                row=_("line {n}", n=line),
            )
        uses[number] = _use(cells[use].strip(), place, line)
    if not uses:
        raise place.error(_("the table of classes is empty"), remedy=_("write one line for each code of the raster"))
    return LandClasses(path=str(path), uses=uses)


def _rows(path: Path, place: Place) -> list[list[str]]:
    if not path.is_file():
        raise place.error(
            _("no such file"),
            remedy=_('correct classes in [layers.landcover]: a CSV with the columns code and use, or "survey"'),
        )  # fmt: skip
    data = path.read_bytes()[: 1 << 22]
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            rows = list(csv.reader(text.splitlines(), strict=True))
        except (UnicodeDecodeError, csv.Error):
            continue
        if "\0" not in text and rows and len(rows) <= _MOST_ROWS:
            return rows
    raise place.error(
        _("this is no table of classes"),
        remedy=_("save it as CSV (UTF-8) with the columns code and use, one line for each code"),
    )


def _heading(headings: list[str], known: tuple[str, ...], name: str, place: Place) -> int:
    plain = [heading.strip().casefold() for heading in headings]
    for word in known:
        if word in plain:
            return plain.index(word)
    raise place.error(
        _("the table of classes has no column {name}", name=name),
        remedy=_(
            "name one of its columns {known}; it has: {headings}", known=" / ".join(known), headings=", ".join(headings)
        ),
        row=name,
    )


def _code(text: str, place: Place, line: int) -> int:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not number.is_integer():
        raise place.error(
            _("{text} is no code: codes are whole numbers, as in the raster", text=repr(text)),
            remedy=_("correct the line"),
            row=_("line {n}", n=line),
        )
    return int(number)


def _use(text: str, place: Place, line: int) -> str:
    plain = text.casefold()
    for use, words in USES.items():
        if plain == use or plain in words:
            return use
    near = nearest(plain, [word for use, words in USES.items() for word in (use, *words)], at_least=0.5)
    raise place.error(
        _("{text} is no class of land cover", text=repr(text)),
        remedy=(_("did you mean {near}?", near=near) + " " if near else "")
        + _("the classes are {known}", known=", ".join(USES)),
        row=_("line {n}", n=line),
    )


def unknown_codes(codes: npt.NDArray[np.integer], classes: LandClasses) -> list[int]:
    """Return the codes that occur and are not in the table, sorted."""
    return sorted(set(np.unique(codes).tolist()) - set(classes.uses))


def refuse_unknown(codes: npt.NDArray[np.integer], classes: LandClasses, path: str) -> None:
    """Refuse a raster with codes that its table lacks: whoever uses the classes would count such land as nothing.

    Raises
    ------
    LayerError
        Naming the codes.
    """
    lost = unknown_codes(codes, classes)
    if lost:
        raise Place(role="landcover", path=path).error(
            _("codes that the table of classes lacks: {codes}", codes=some([str(code) for code in lost], 10)),
            remedy=_('write classes = "TABLE.csv" in [layers.landcover], with the columns code and use and all codes')
            if classes.path == SURVEY
            else _("add them to {table}; what nobody knows is of the class unknown", table=classes.path),
            row=str(lost[0]),
        )
