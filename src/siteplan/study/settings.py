"""study.toml: what it may hold, and how it is refused where it holds anything else."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer, model_validator

from siteplan.layers.postgis_url import masked
from siteplan.messages import _
from siteplan.standards.library import Override

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]
"""A TOML array of strings."""

RESIDENTIAL_USES = (
    "residential", "house", "detached", "semidetached_house", "terrace", "apartments", "bungalow", "dormitory",
    "farm", "cabin", "static_caravan", "houseboat", "yes", "住宅", "居住", "民房", "安置房",
)  # fmt: skip
"""Building uses in which people are taken to live: OpenStreetMap's residential values of ``building``, its ``yes``
(a building of which nobody said more), and the Chinese words for them."""


class Section(BaseModel):
    """A table of study.toml: frozen, strict about types, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the values that the file gives, by key."""
        return self.model_dump(exclude_unset=True)


class StudySettings(Section):
    """``[study]``.

    Parameters
    ----------
    name : str
        Name of the study; the folder's where it is left out.
    crs : str or None
        Metric CRS of the study; None: the UTM zone of the layers.
    setting : {"urban", "rural"} or None
        For sites and communities that do not say.
    attribution : str
        Whose data the layers are; shown on every map.
    assumptions : tuple of str
        What was assumed when the layers were made; carried into every plan.
    """

    name: str = ""
    crs: str | None = None
    setting: Literal["urban", "rural"] | None = None
    attribution: str = ""
    assumptions: Texts = ()


class LayerSettings(Section):
    """``[layers.ROLE]``.

    Parameters
    ----------
    path : str
        The file, relative to the study's folder or absolute; or the address of a database (``postgresql://...``), whose password no repr and
        no dump shows.
    layer : str or None
        Layer of a file with several; table of a database.
    query : str or None
        A SELECT to read from a database instead of a table.
    geometry : str or None
        Geometry column of a table or query with several.
    nodata : float, "none" or None
        Value of a raster's cells without data, where the file declares none; "none": every cell has data.
    classes : str or None
        Table of a land cover's codes (siteplan.layers.landcover.read_classes), relative to the study's folder or absolute; or "survey".
    max_rows : int or None
        Most rows to read from a database; None: siteplan.layers.postgis.MAX_ROWS.
    timeout_s : float or None
        Seconds that a database may take for a statement; None: siteplan.layers.postgis.TIMEOUT_S.
    encoding : str or None
        Of the text of a Shapefile or CSV, for example "gb18030"; None: found (siteplan.layers.encoding).
    heading_row : int or None
        Row of the headings in a register (CSV, XLSX), from 1; None: found.
    unplaced : {"refuse", "drop"}
        What happens to rows of a register without coordinates.
    crs : str or None
        CRS, only where the file itself has none; with ``override_crs`` also where the file's is wrong.
    override_crs : bool
        Whether ``crs`` stands against what the file says.
    datum : {"gcj02", "bd09"} or None
        The web map's datum in which the layer was drawn: its positions are taken back to WGS 84 (siteplan.layers.datum).
    units : dict of str to str
        Units of columns of areas in m2: "mu", "ha", "km2", "10000 m2" (siteplan.layers.area_units).
    repair : tuple of str
        Repairs that may leave out or change rows (siteplan.layers.handling.REPAIRS).
    keep : tuple of str
        Ids of rows that no repair may change or leave out.
    columns : dict of str to str
        siteplan's column name to the file's.
    defaults : dict of str to str, number or bool
        Values for columns that the file lacks.
    """

    path: str = Field(min_length=1)
    layer: str | None = None
    query: str | None = None
    geometry: str | None = None
    nodata: float | Literal["none"] | None = None
    classes: str | None = None
    max_rows: Annotated[int, Field(gt=0)] | None = None
    timeout_s: Positive | None = None
    encoding: str | None = None
    heading_row: Annotated[int, Field(gt=0)] | None = None
    unplaced: Literal["refuse", "drop"] = "refuse"
    crs: str | None = None
    override_crs: bool = False
    datum: Literal["gcj02", "bd09"] | None = None
    units: dict[str, str] = Field(default_factory=dict)
    repair: Annotated[
        tuple[Literal["empty", "id", "duplicate", "sliver", "overlap", "outside"], ...], Field(strict=False)
    ] = ()
    keep: Texts = ()
    columns: dict[str, str] = Field(default_factory=dict)
    defaults: dict[str, bool | int | float | str] = Field(default_factory=dict)

    @field_serializer("path")
    def _shown_path(self, path: str) -> str:
        return masked(path)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Yield the fields, the password of a database hidden."""
        for name, value in super().__repr_args__():
            yield name, masked(value) if name == "path" else value


class DatumSettings(Section):
    """``[datums.NAME]``: how an old datum is brought to CGCS2000 (siteplan.layers.shift.Shift).

    Parameters
    ----------
    towgs84 : tuple of float
        Three or seven parameters: dx, dy, dz in metres, rx, ry, rz in seconds of arc, scale in parts per million.
    convention : {"position_vector", "coordinate_frame"} or None
        Sense of the rotations; needed with seven parameters, since the two are equally usual and differ in sign.
    pipeline : str
        A PROJ pipeline from degrees of longitude and latitude to the same on CGCS2000, instead of parameters.
    source : str
        Who gave them.
    """

    towgs84: Annotated[tuple[float, ...], Field(strict=False)] = ()
    convention: Literal["position_vector", "coordinate_frame"] | None = None
    pipeline: str = ""
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.towgs84) == bool(self.pipeline):
            raise ValueError(_("write either towgs84 or pipeline"))
        if self.towgs84 and len(self.towgs84) not in {3, 7}:
            raise ValueError(_("towgs84 takes 3 or 7 numbers"))
        if len(self.towgs84) > 3 and self.convention is None:  # noqa: PLR2004 - with rotations
            raise ValueError(_('7 numbers need convention = "position_vector" or "coordinate_frame"'))
        return self


class StandardsSettings(Section):
    """``[standards]``.

    Parameters
    ----------
    profiles : tuple of str
        Profiles in the order in which they speak; ``national`` speaks last.
    files : tuple of str
        The planner's own profiles, relative to the study's folder or absolute.
    rules : dict of str to Override
        Changes to single rules, by rule id.
    """

    profiles: Texts = ()
    files: Texts = ()
    rules: dict[str, Override] = Field(default_factory=dict)


class DemandSettings(Section):
    """``[demand]``.

    Parameters
    ----------
    persons_per_household : float
        People to a household where one of the two counts is missing. 3.52 = 945,400 people / 268,600 households
        resettled in Ankang (requirement S2-02, computed).
    residential_uses : tuple of str
        Values of the buildings' ``use`` in which people live; a layer without uses is residential throughout.
    elderly_share, children_share : float or None
        Shares of people where the counts are missing; None: rules per elder or child have no denominator.
    people_are : {"registered", "relocated", "resident"} or None
        Which people the layers' ``people`` counts; None: nobody says, and rules per registered or resident person have no denominator.
    whole_households : bool
        Whether totals are spread in whole households, by largest remainder.
    """

    persons_per_household: Positive = 3.52
    residential_uses: Texts = RESIDENTIAL_USES
    elderly_share: Share | None = None
    children_share: Share | None = None
    people_are: Literal["registered", "relocated", "resident"] | None = None
    whole_households: bool = False


class AccessSettings(Section):
    """``[access]``.

    Parameters
    ----------
    cutoff_m : float
        Walking metres beyond which no facility is looked for.
    detour_factor : float
        Walking metres to one metre of straight line, only where there is no street network.
    snap_limit_m : float
        Most metres from a building or site to the nearest street.
    slope : bool
        Whether plans tell the minutes of their walks over the slopes of the dem (siteplan.access.minutes); rules go by metres all the same.
    """

    cutoff_m: Positive = 3000.0
    detour_factor: Annotated[float, Field(ge=1)] = 1.3
    snap_limit_m: NotNegative = 500.0
    slope: bool = False


class ExclusionsSettings(Section):
    """``[exclusions]``: what the rows of the layer of exclusions mean (docs/layers.md, What must be kept off).

    Parameters
    ----------
    kinds : dict of str to str
        The layer's words for kinds that siteplan does not know, each to a key of siteplan.layers.exclusion_kinds.EXCLUSION_KINDS.
    buffer_m : dict of str to float
        Metres around rows that have no ``buffer_m`` of their own, by key or by the layer's word.
    farmland : dict of str to {"barred", "open"}
        Whether micro-farmland plots are kept off, by key or by the layer's word.
    layers : dict of str to LayerSettings
        Further files of exclusions, each by the kind of all its rows.
    """

    layers: dict[str, LayerSettings] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    buffer_m: dict[str, NotNegative] = Field(default_factory=dict)
    farmland: dict[str, Literal["barred", "open"]] = Field(default_factory=dict)


class DivisionsSettings(Section):
    """``[divisions]``.

    Parameters
    ----------
    changed : dict of str to str
        Division codes that have changed, old to new, equally long: a county's six digits stand for all in it (siteplan.layers.divisions).
    """

    changed: dict[str, str] = Field(default_factory=dict)


class StreetsSettings(Section):
    """``[streets]``: where the lines of the street layer meet (siteplan.layers.junctions).

    Parameters
    ----------
    meet : {"vertices", "crossings"}
        At common vertices only, as OpenStreetMap's streets do; or wherever they cross or touch, as lines that planners draw.
    gap_m : float
        With ``crossings``: metres within which the end of a line is drawn on to another one.
    """

    meet: Literal["vertices", "crossings"] = "vertices"
    gap_m: NotNegative = 1.0


class RegisterSettings(Section):
    """``[household_register]``: a register of who lives in each building, joined to the layer of buildings (siteplan.layers.household_register).

    Parameters
    ----------
    path : str
        CSV or XLSX, relative to the study's folder or absolute.
    by : {"id", "name", "address"}
        Column of the buildings that its rows name.
    columns : dict of str to str
        siteplan's column name to the register's heading.
    one_row_a_household : bool
        Whether each row is one household, instead of having a count of them.
    sheet : str or None
        Sheet of a workbook with several.
    encoding : str or None
        Of a CSV; None: found.
    heading_row : int or None
        Row of the headings, from 1; None: found.
    """

    path: str = ""
    by: Literal["id", "name", "address"] = "id"
    columns: dict[str, str] = Field(default_factory=dict)
    one_row_a_household: bool = False
    sheet: str | None = None
    encoding: str | None = None
    heading_row: Annotated[int, Field(gt=0)] | None = None


class PhaseSettings(Section):
    """``[[scenario.phases]]``: the fields of siteplan.plans.scenario.Phase."""

    name: str = Field(min_length=1)
    budget_yuan: NotNegative | None = None


class FundSettings(Section):
    """``[[scenario.funds]]``: the fields of siteplan.plans.scenario.Fund."""

    name: str = Field(min_length=1)
    yuan: Annotated[tuple[NotNegative, ...], Field(strict=False, min_length=1)]
    setting: Literal["urban", "rural", "any"] = "any"
    construction: Literal["new", "existing", "any"] = "any"
    resettlement: Literal["yes", "no", "any"] = "any"
    key: Literal["yes", "no", "any"] = "any"
    townships: Texts = ()


class ScenarioSettings(Section):
    """``[scenario]``: the default scenario, with the fields of siteplan.plans.scenario.Scenario."""

    name: str = "base"
    types: Texts = ()
    budget_yuan: NotNegative | None = None
    township_budgets: bool = True
    max_sites: Annotated[int, Field(ge=0)] | None = None
    required: Texts = ()
    forbidden: Texts = ()
    gap: NotNegative = 0.0
    time_limit_s: NotNegative = 600.0
    aim_price_yuan_per_m2: NotNegative | None = None
    phases: Annotated[tuple[PhaseSettings, ...], Field(strict=False)] = ()
    funds: Annotated[tuple[FundSettings, ...], Field(strict=False)] = ()
    objectives: Annotated[tuple[Literal["equity", "backup"], ...], Field(strict=False)] = ()
    key_weight: NotNegative = 4.0
    resettlement_weight: NotNegative = 2.0
    facility_yuan: NotNegative = 1000.0
    walking_yuan_per_km: NotNegative = 100.0
    cost_slack: NotNegative = 0.02
    locked: Texts = ()
    locked_m2: dict[str, NotNegative] = Field(default_factory=dict)
    solver: str = "HiGHS"
    notes: dict[str, str] = Field(default_factory=dict)


class CandidatesSettings(Section):
    """``[candidates]``: how candidates are found where none are given; every figure is assumed.

    The fields of siteplan.candidates.found.CandidateRules, where they are explained and have their
    defaults (None
    here). :meth:`to_dict` gives only what the file says.
    """

    convert_uses: Texts | None = None
    min_footprint_m2: NotNegative | None = None
    vacant_uses: Texts | None = None
    min_parcel_m2: NotNegative | None = None
    avoid_cover: Texts | None = None
    max_slope_percent: NotNegative | None = None
    convert_share: Share | None = None
    max_per_community: Annotated[int, Field(ge=0)] | None = None
    max_convert: Annotated[int, Field(ge=0)] | None = None
    near_m: Positive | None = None
    spacing_m: Positive | None = None
    side_m: Positive | None = None
    setback_m: NotNegative | None = None
    clearance_m: NotNegative | None = None
    frontage: Texts | None = None
    storeys: Positive | None = None
    site_coverage: Share | None = None
    convert_yuan_per_m2: NotNegative | None = None
    build_yuan_per_m2: NotNegative | None = None
    land_yuan_per_m2: NotNegative | None = None
    convert_fixed_yuan: NotNegative | None = None
    build_fixed_yuan: NotNegative | None = None


class Settings(Section):
    """The whole of study.toml, one field for each table.

    ``[aliases]`` gives further headings by siteplan's column name, beside those of siteplan.layers.aliases.
    """

    study: StudySettings = Field(default_factory=StudySettings)
    layers: dict[str, LayerSettings] = Field(default_factory=dict)
    aliases: dict[str, Texts] = Field(default_factory=dict)
    datums: dict[Literal["beijing54", "xian80", "new_beijing"], DatumSettings] = Field(default_factory=dict)
    standards: StandardsSettings = Field(default_factory=StandardsSettings)
    demand: DemandSettings = Field(default_factory=DemandSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    streets: StreetsSettings = Field(default_factory=StreetsSettings)
    scenario: ScenarioSettings = Field(default_factory=ScenarioSettings)
    candidates: CandidatesSettings = Field(default_factory=CandidatesSettings)
    household_register: RegisterSettings = Field(default_factory=RegisterSettings)
    exclusions: ExclusionsSettings = Field(default_factory=ExclusionsSettings)
    divisions: DivisionsSettings = Field(default_factory=DivisionsSettings)

    def but(self, **changes: Mapping[str, Any] | Section) -> Self:
        """Return a copy with ``changes`` in its tables; a mapping changes single keys of a table.

        >>> Settings().but(access={"cutoff_m": 1000.0}).access.cutoff_m
        1000.0
        """
        tables = {
            name: change if isinstance(change, Section) else getattr(self, name).model_copy(update=dict(change))
            for name, change in changes.items()
        }
        return self.model_copy(update=tables)
