"""A demo county on disk: study.toml, layers.gpkg, dem.tif, and landcover.tif with the table of its classes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import numpy.typing as npt

    from siteplan.demo.terrain import Terrain

FACILITY_TYPES = (
    "service_centre", "one_stop", "police_room", "childrens_home", "elderly_care", "health_station", "culture_room",
    "library", "mediation_room", "outdoor_square", "shelter", "micro_fire", "parcel_point", "discount_shop",
)  # fmt: skip
"""Types that the demo study plans."""

PHASES = ("2026", "2027", "2028")
"""Phases in which the demo county is built."""
PHASE_YUAN = 3000.0
"""Yuan for each household in each phase: the cheapest plan costs about 6,400 yuan a household, so two phases are not enough."""
GAP = 0.005

MARK = "siteplan demo"
"""Stands in the first line of a demo's study.toml: only such a folder is written over."""

_FILES = ("layers.gpkg", "dem.tif", "landcover.csv", "landcover.tif", "study.toml")
_GPKG_DATE = (
    "2024-01-01T00:00:00.000Z"  # in the file's own table of contents, so that the same seed gives the same bytes
)
_NODATA = -32768.0


def write_demo(
    folder: Path,
    *,
    sites: int = 20,
    households: int | None = None,
    seed: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Write a demo study and return its folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there; an earlier demo in it is replaced.
    sites, households, seed
        See :func:`siteplan.demo.synthetic.demo_layers`.
    progress : callable, optional
        Called with (what, done, of how many).

    Raises
    ------
    UsageError
        If a number makes no sense.
    DataError
        If the folder holds another study, or cannot be written.
    """
    from siteplan.demo.county import build_county
    from siteplan.demo.frames import CRS, make_layers, origin_of
    from siteplan.demo.terrain import make_terrain

    folder = Path(folder)
    _refuse_other_study(folder)
    tell = progress or (lambda _what, _done, _total: None)
    county = build_county(sites, households, seed, progress)
    layers = make_layers(county, progress)
    tell("terrain", 0, 1)
    terrain = make_terrain(county)
    zero = origin_of(county.basin.width)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".siteplan-demo-", dir=folder) as name:
            draft = Path(name)
            _write_layers(layers, draft / "layers.gpkg", tell)
            _write_rasters(terrain, draft, float(zero[0]), float(zero[1]), CRS)
            text = study_text(sites=sites, households=int(county.households.sum()), seed=seed, crs=CRS)
            (draft / "study.toml").write_text(text, encoding="utf-8")
            for file in _FILES:
                (draft / file).replace(folder / file)
    except OSError as error:
        raise DataError(
            _("the folder cannot be written: {reason}", reason=error.strerror or error),
            remedy=_("choose a folder that you may write to"),
            path=folder,
        ) from error
    tell("written", 1, 1)
    return folder


def _refuse_other_study(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(_("there is a file of that name"), remedy=_("choose another folder"), path=folder)
    study = folder / "study.toml"
    others = [name for name in _FILES if (folder / name).exists()]
    if not others:
        return
    head = study.read_text(encoding="utf-8", errors="replace").partition("\n")[0] if study.exists() else ""
    if MARK not in head:
        raise DataError(
            _("the folder holds files that are no demo: {names}", names=", ".join(others)),
            remedy=_("choose an empty folder for the demo"),
            path=folder,
        )


def _write_layers(layers: dict[str, gpd.GeoDataFrame], path: Path, tell: Callable[[str, int, int], None]) -> None:
    import pyogrio

    date = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _GPKG_DATE})
    try:
        for done, (role, layer) in enumerate(layers.items()):
            tell("layers", done, len(layers))
            layer.to_file(path, layer=role, driver="GPKG", engine="pyogrio", mode="a" if done else "w")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": date})


def _write_rasters(terrain: Terrain, folder: Path, east: float, north: float, crs: str) -> None:
    """Write the elevation, and the land cover with its legend in the tags."""
    import rasterio

    from siteplan.demo.terrain import COLOURS, LEGEND, USES

    common: dict[str, Any] = {
        "driver": "GTiff",
        "count": 1,
        "crs": crs,
        "transform": rasterio.Affine(terrain.cell, 0, terrain.west + east, 0, -terrain.cell, terrain.north + north),
        "compress": "deflate",
        "tiled": True,
    }

    def write(name: str, data: npt.NDArray[Any], **more: Any) -> Any:
        size = {"height": data.shape[0], "width": data.shape[1], "dtype": data.dtype.name}
        target = rasterio.open(folder / name, "w", **common, **size, **more)
        target.write(data, 1)
        return target

    with write("dem.tif", terrain.elevation, nodata=_NODATA) as target:
        target.update_tags(1, unit="metre", name="elevation 高程")
    with write("landcover.tif", terrain.cover, nodata=0) as target:
        target.update_tags(legend=json.dumps({str(k): v for k, v in LEGEND.items()}, ensure_ascii=False))
        target.update_tags(1, **{f"class_{code}": label for code, label in LEGEND.items()})
        target.write_colormap(1, {code: (*colour, 255) for code, colour in COLOURS.items()})
    lines = [f"{code},{USES[code]},{label}" for code, label in LEGEND.items()]
    (folder / "landcover.csv").write_text("\n".join(["code,use,name", *lines, ""]), encoding="utf-8")


def study_text(*, sites: int, households: int, seed: int, crs: str) -> str:
    """Return the study.toml of a demo county."""
    import tomlkit

    from siteplan.demo.names import COUNTY
    from siteplan.demo.sizes import PUBLISHED_HOUSEHOLDS, PUBLISHED_PEOPLE

    doc = tomlkit.document()
    doc.add(tomlkit.comment(f"{MARK}: an invented county; write over it as you like, or write it anew / 虚构示范县"))
    doc.add(tomlkit.comment(f"{sites} sites, {households} households, seed {seed} / 安置点、户数、随机种子"))
    doc.add(tomlkit.nl())
    study = tomlkit.table()
    study.add("name", f"{COUNTY}易地搬迁安置示范")
    study.add(
        "crs", tomlkit.string(crs).comment("CGCS2000 / 3-degree Gauss-Kruger CM 108E, metres / 中央经线 108°，单位米")
    )
    study.add("setting", tomlkit.string("rural").comment("for layers that do not say / 图层未注明城乡时"))
    doc.add("study", study)
    roles = (
        "boundary",
        "townships",
        "sites",
        "buildings",
        "streets",
        "candidates",
        "facilities",
        "farmland",
        "exclusions",
    )
    layers = tomlkit.table(is_super_table=True)
    for role in roles:
        layers.add(role, _table(path="layers.gpkg", layer=role))
    layers.add("dem", _table(path="dem.tif"))
    layers.add("landcover", _table(path="landcover.tif", classes="landcover.csv"))
    doc.add("layers", layers)
    standards = tomlkit.table()
    standards.add(tomlkit.comment("in order; national speaks last / 依次适用，国家标准兜底"))
    standards.add("profiles", ["p000", "p002"])
    doc.add("standards", standards)
    demand = tomlkit.table()
    mean = round(PUBLISHED_PEOPLE / PUBLISHED_HOUSEHOLDS, 2)
    demand.add(
        "persons_per_household", tomlkit.float_(str(mean)).comment("where people are not given / 缺人口时户均人数")
    )
    doc.add("demand", demand)
    access = tomlkit.table()
    access.add("cutoff_m", tomlkit.integer(3000).comment("walks longer than this are out of reach / 步行上限，米"))
    doc.add("access", access)
    doc.add("scenario", _scenario(households))
    return tomlkit.dumps(doc)


def _table(**values: str) -> Any:
    import tomlkit

    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, value)
    return table


def _scenario(households: int) -> Any:
    import tomlkit

    scenario = tomlkit.table()
    scenario.add(tomlkit.comment("what is asked: `siteplan solve` plans these types / 规划哪些设施"))
    scenario.add("name", "base")
    types = tomlkit.array()
    types.multiline(multiline=True)
    types.extend(FACILITY_TYPES)
    scenario.add("types", types)
    limit = tomlkit.float_("60.0").comment("a plan stopped by it says so, with its gap / 求解时间上限（秒）")
    scenario.add("time_limit_s", limit)
    gap = tomlkit.float_(str(GAP)).comment("a stage may stop within this gap of its bound / 每一步允许的最优间隙")
    scenario.add("gap", gap)
    scenario.add("township_budgets", tomlkit.boolean("true").comment("column budget_yuan of townships / 乡镇预算"))
    phases = tomlkit.aot()
    for name in PHASES:
        phase = tomlkit.table()
        phase.add("name", name)
        limit = tomlkit.float_(str(float(round(PHASE_YUAN * households, -4))))
        phase.add("budget_yuan", limit.comment("at most so much is spent in it / 本期资金上限（元）"))
        phases.append(phase)
    scenario.add("phases", phases)
    return scenario
