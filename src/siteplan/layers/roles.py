"""The layer roles and the column contract of each.

A role says what a layer is for; its contract says which columns siteplan reads from it, of which kind and unit.
Files whose columns are named otherwise are mapped in ``study.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "number", "flag"]
Shape = Literal["point", "line", "polygon", "any"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a role.

    Parameters
    ----------
    name : str
        Name in siteplan.
    kind : {"text", "number", "flag"}
    required : bool
        Whether a layer without it is refused.
    minimum : float or None
        Least value of a number; NaN is never one.
    values : tuple of str
        The only values a text may have; empty: any.
    default : object
        What stands where the column, or a value of it, is missing (None: missing stays missing).
    unit : str
        Unit of a number.
    zh : str
        Chinese name, used in tables and as an accepted heading.
    """

    name: str
    kind: Kind
    required: bool = False
    minimum: float | None = None
    values: tuple[str, ...] = ()
    default: object = None
    unit: str = ""
    zh: str = ""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A layer role: its name, its geometry and its columns (each layer also has ``id`` and ``geometry``)."""

    name: str
    zh: str
    shape: Shape = "any"
    columns: tuple[Column, ...] = field(default_factory=tuple)

    def column(self, name: str) -> Column:
        """Return the column called ``name``.

        Raises
        ------
        KeyError
            If the role has no such column.
        """
        return {column.name: column for column in self.columns}[name]


def _text(name: str, zh: str, **more: object) -> Column:
    return Column(name=name, kind="text", zh=zh, **more)  # type: ignore[arg-type]


def _number(name: str, zh: str, unit: str = "", **more: object) -> Column:
    more.setdefault("minimum", 0.0)
    return Column(name=name, kind="number", zh=zh, unit=unit, **more)  # type: ignore[arg-type]


def _flag(name: str, zh: str, **more: object) -> Column:
    return Column(name=name, kind="flag", zh=zh, **more)  # type: ignore[arg-type]


_NAME = _text("name", "名称", default="")
_SETTING = _text("setting", "城乡", values=("urban", "rural"))
_CONSTRUCTION = _text("construction", "新建或既有", values=("new", "existing"))
_PEOPLE = (
    _number("people", "人口", "people"),
    _number("registered", "户籍人口", "people"),
    _number("relocated", "搬迁人口", "people"),
    _number("resident", "常住人口", "people"),
    _number("elderly", "老年人口", "people"),
    _number("children", "儿童人口", "people"),
)
_TOWNSHIP = _text("township_id", "乡镇编号")
_CODE = _text("code", "所在区划代码")
_PHASE = _number("phase", "建成阶段", "phase", minimum=1.0, default=1.0)

_ROLES = (
    Role(
        name="sites",
        zh="安置点",
        columns=(
            _NAME,
            _number("households", "户数", "households", required=True),
            *_PEOPLE,
            _SETTING,
            _CONSTRUCTION,
            _TOWNSHIP,
            _flag("resettlement", "是否安置点", default=True),
            _flag("key", "是否重点", default=False),
            _PHASE,
            _CODE,
        ),
    ),
    Role(
        name="communities",
        zh="社区",
        columns=(
            _NAME,
            _number("households", "户数", "households"),
            *_PEOPLE,
            _SETTING,
            _CONSTRUCTION,
            _TOWNSHIP,
            _flag("resettlement", "是否安置社区", default=False),
            _flag("key", "是否重点", default=False),
            _PHASE,
            _CODE,
        ),
    ),
    Role(name="townships", zh="乡镇", columns=(_NAME, _number("budget_yuan", "预算", "yuan"), _CODE)),
    Role(
        name="buildings",
        zh="建筑",
        columns=(
            _NAME,
            _text("address", "地址"),
            _number("households", "户数", "households"),
            *_PEOPLE,
            _number("floors", "层数", "floors"),
            _text("use", "用途"),
            _text("site_id", "安置点编号"),
            _text("community_id", "社区编号"),
            _text("origin_village", "迁出村"),
        ),
    ),
    Role(name="streets", zh="道路", shape="line", columns=(_NAME, _text("highway", "道路类型"))),
    Role(
        name="candidates",
        zh="候选点",
        columns=(
            _NAME,
            _text("kind", "方式", values=("build", "convert", "buy", "swap"), default="build"),
            _text("place", "地点", default=""),
            _number("floor_capacity_m2", "可用建筑面积", "m2", required=True),
            _number("land_m2", "用地面积", "m2", default=0.0),
            _number("storeys", "层数", "floors", default=0.0),
            _number("fixed_cost_yuan", "固定费用", "yuan", default=0.0),
            _number("cost_per_m2_yuan", "单方造价", "yuan/m2", default=0.0),
            _number("land_cost_per_m2_yuan", "用地单价", "yuan/m2", default=0.0),
            _text("types", "可设类型", default=""),
            _text("state", "状态", values=("free", "required", "forbidden"), default="free"),
            _text("community_id", "社区编号"),
            _text("basis", "依据", default="given"),
        ),
    ),
    Role(
        name="facilities",
        zh="现有设施",
        columns=(
            _NAME,
            _text("type", "类型", required=True),
            _number("area_m2", "面积", "m2"),
            _number("spare_m2", "可扩面积", "m2", default=0.0),
            _number("fixed_cost_yuan", "扩建固定费用", "yuan", default=0.0),
            _number("cost_per_m2_yuan", "扩建单方造价", "yuan/m2", default=0.0),
            _text("community_id", "社区编号"),
        ),
    ),
    Role(
        name="farmland",
        zh="农用地",
        shape="polygon",
        columns=(_NAME, _number("rent_yuan_per_mu", "流转租金", "yuan/mu/year")),
    ),
    Role(
        name="exclusions",
        zh="禁止区",
        columns=(_NAME, _text("kind", "类别", required=True), _number("buffer_m", "缓冲距离", "m")),
    ),
    Role(name="boundary", zh="边界", shape="polygon", columns=(_NAME,)),
    Role(
        name="parcels",
        zh="地块",
        shape="polygon",
        columns=(_NAME, _text("land_use", "用地性质"), _text("land_code", "地类编码")),
    ),
    Role(name="grids", zh="网格", shape="polygon", columns=(_NAME,)),
    Role(name="barriers", zh="阻隔", columns=(_NAME, _text("kind", "类别"))),
)

ROLES: dict[str, Role] = {role.name: role for role in _ROLES}
"""Vector roles by name."""

RASTER_ROLES: dict[str, str] = {"dem": "高程", "landcover": "土地覆盖", "population": "人口分布"}
"""Raster roles and their Chinese names."""
