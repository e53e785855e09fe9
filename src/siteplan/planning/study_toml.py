"""The study.toml of a new study, with comments that a planner can read in both languages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import tomlkit

from siteplan.candidates.found import CandidateRules
from siteplan.layers.crs import name_of
from siteplan.study.settings import AccessSettings, DemandSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tomlkit.items import Table

    from siteplan.planning.new_study import Draft

LAYERS_FILE = "layers.gpkg"
"""The GeoPackage beside study.toml that holds the layers of a new study."""

ATTRIBUTION = "© OpenStreetMap contributors (ODbL)"
LICENCE = "© OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright)"


def study_toml(draft: Draft, *, profiles: Sequence[str], types: Sequence[str], setting: str | None) -> str:
    """Return the text of study.toml.

    Parameters
    ----------
    draft : Draft
    profiles, types : sequence of str
    setting : {"urban", "rural"} or None
    """
    doc = tomlkit.document()
    doc.add(tomlkit.comment(f"研究设置 / Settings of the study. 地图数据 / Map data: {draft.source}, {LICENCE}"))
    doc.add(tomlkit.nl())
    doc.add("study", _study(draft, setting))
    layers = tomlkit.table(is_super_table=True)
    for role in draft.layers:
        entry = tomlkit.table()
        entry.add("path", LAYERS_FILE)
        entry.add("layer", role)
        layers.add(role, entry)
    doc.add("layers", layers)
    standards = tomlkit.table()
    standards.comment("依次采用的标准, 最后为 national / profiles in order; national speaks last")
    standards.add("profiles", list(profiles))
    doc.add("standards", standards)
    doc.add("demand", _demand())
    doc.add("access", _access())
    scenario = tomlkit.table()
    scenario.comment("默认方案 / the default scenario")
    scenario.add("types", list(types))
    scenario["types"].comment("空: 标准所要求的全部类型 / empty: every type that the standards ask for")
    doc.add("scenario", scenario)
    doc.add("candidates", _candidates())
    return tomlkit.dumps(doc)


def _study(draft: Draft, setting: str | None) -> Table:
    table = tomlkit.table()
    table.add("name", draft.name)
    table.add("crs", name_of(draft.crs))
    table["crs"].comment("投影坐标系 (米) / metric coordinate system")
    if setting is None:
        table.add(tomlkit.comment('setting = "rural"   # 城镇 "urban" 或农村 "rural"; 不填则城乡专用条款不适用'))
        table.add(
            tomlkit.comment("                     # rules for only one of the two do not apply while this is left out")
        )
    else:
        table.add("setting", setting)
        table["setting"].comment("未注明城乡的社区 / communities that do not say")
    table.add("attribution", ATTRIBUTION)
    table.add("assumptions", tomlkit.array().multiline(multiline=True))
    table["assumptions"].extend(" ".join(note.split()) for note in draft.notes)
    table["assumptions"].comment("制作时的假定与取舍 / what was assumed or left out")
    return table


def _demand() -> Table:
    table = tomlkit.table()
    table.comment("户数与人口 / households and people")
    table.add("persons_per_household", DemandSettings().persons_per_household)
    table["persons_per_household"].comment("户均人口 (安康: 94.54 万人 / 26.86 万户) / people of a household")
    return table


def _access() -> Table:
    defaults = AccessSettings()
    table = tomlkit.table()
    table.comment("步行距离 (米) / walking distances (metres)")
    table.add("cutoff_m", defaults.cutoff_m)
    table["cutoff_m"].comment("超出此距离不再搜索 / no facility is looked for beyond")
    table.add("snap_limit_m", defaults.snap_limit_m)
    table["snap_limit_m"].comment("建筑到道路的最大距离 / most metres from a building to a street")
    return table


def _candidates() -> Table:
    table = tomlkit.table()
    table.comment("候选点的查找规则与单价, 均为假定 / how candidates were found, and prices; all assumed")
    for key, value in asdict(CandidateRules()).items():
        table.add(key, list(value) if isinstance(value, tuple) else value)
    return table
