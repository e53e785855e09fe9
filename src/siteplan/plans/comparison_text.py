"""A comparison in a few lines: what a planner asks first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from siteplan.messages import _, word
from siteplan.standards.facility_types import facility_type
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.plans.compare import Comparison

_SHOWN = 12
"""How many facilities, communities and rules are printed; the tables hold all."""
_LARGE = 1000.0


def comparison_text(found: Comparison) -> str:
    """Return sites, cost, areas by type, households by community, rules, proof and notes."""
    return "\n".join(
        [
            *_head(found),
            *_types(found),
            *_facilities(found),
            *_service(found),
            *_communities(found),
            *_rules(found),
            *_stages(found),
            *_asked(found),
            *(_("Note: {text}", text=note) for note in found.notes),
        ]
    )


def change_text(change: str) -> str:
    """Return what happened to a facility, a rule or a stage in the language spoken now."""
    return {
        "opened": _("opened"),
        "closed": _("closed"),
        "moved": _("moved"),
        "grown": _("larger"),
        "shrunk": _("smaller"),
        "earlier": _("earlier"),
        "later": _("later"),
        "kept": _("as it was"),
        "newly_unmet": _("newly unmet"),
        "now_met": _("now met"),
        "still_unmet": _("unmet in both"),
        "newly_asked": _("asked of the second plan only, and unmet"),
        "no_longer_asked": _("unmet in the first plan, not asked of the second"),
        "lower": _("lower"),
        "higher": _("higher"),
        "same": _("the same"),
        "uncertain": _("the difference is within the uncertainty of the proofs"),
        "not_comparable": _("another objective, not to be compared"),
        "only_a": _("in the first plan only"),
        "only_b": _("in the second plan only"),
    }[change]


def _head(found: Comparison) -> Iterator[str]:
    count = found.facilities["change"].value_counts()
    totals = found.totals.set_index("measure")
    yield _(
        "From plan {first} to plan {second}: {opened} facilities opened, {moved} moved, {closed} closed, {grown} larger, {shrunk} smaller, "
        "{earlier} earlier, {later} later, {kept} as they were",
        first=found.name_a,
        second=found.name_b,
        **{name: int(count.get(name, 0)) for name in ("opened", "moved", "closed", "grown", "shrunk")},
        **{name: int(count.get(name, 0)) for name in ("earlier", "later", "kept")},
    )
    for measure, label in (
        ("new_sites", _("new sites")),
        ("cost_yuan", _("cost, yuan")),
        ("floor_m2", _("floor, m2")),
        ("land_m2", _("open land, m2")),
        ("households", _("households")),
    ):
        yield _("  {name}: {change}", name=label, change=_from_to(totals.loc[measure, "a"], totals.loc[measure, "b"]))


def _types(found: Comparison) -> Iterator[str]:
    if len(found.types):
        yield _("By type:")
    both = found.service[found.service["planned"] == "both"]
    sums = both.groupby("type")[["gained", "lost"]].sum()
    for row in found.types.itertuples():
        text = _(
            "  {type}: {number} facilities, {area} m2, {cost} yuan",
            type=facility_type(str(row.type)).label,
            number=_from_to(row.number_a, row.number_b),
            area=_from_to(row.area_m2_a, row.area_m2_b),
            cost=_from_to(row.cost_yuan_a, row.cost_yuan_b),
        )
        if row.type in sums.index:
            gained, lost = sums.loc[str(row.type), ["gained", "lost"]]
            more = _("{gained} households gained, {lost} lost", gained=_figure(gained), lost=_figure(lost))
            text = _("{first}; {second}", first=text, second=more)
        yield text


def _facilities(found: Comparison) -> Iterator[str]:
    rows = found.facilities[found.facilities["change"].isin(["opened", "closed", "moved"])]
    if len(rows):
        yield _("Sites:")
    shown = rows.groupby("change", sort=False).head(_SHOWN // 2)
    for row in shown.itertuples():
        place, area = {
            "opened": (_("at {site}", site=row.site_to), _figure(row.area_m2_to)),
            "closed": (_("at {site}", site=row.site_from), _figure(row.area_m2_from)),
            "moved": (
                _(
                    "from {first} to {second}, {metres} m",
                    first=row.site_from,
                    second=row.site_to,
                    metres=f"{row.metres:,.0f}",
                ),
                _from_to(row.area_m2_from, row.area_m2_to),
            ),
        }[str(row.change)]
        yield _(
            "  {change}: {type} {place}, {community}, {area} m2",
            change=change_text(str(row.change)),
            type=facility_type(str(row.type)).label,
            place=place,
            community=row.community_name or row.community_id,
            area=area,
        )
    yield from _left(len(rows) - len(shown))


def _service(found: Comparison) -> Iterator[str]:
    changed = (found.service["gained"] > 0) | (found.service["lost"] > 0)
    rows = found.service[changed]
    if len(rows):
        yield _("Households by community:")
    for row in rows.head(_SHOWN).itertuples():
        yield _(
            "  {community}, {type}: {gained} gained, {lost} lost; {change} served",
            community=row.community_name or row.community_id,
            type=facility_type(str(row.type)).label,
            gained=_figure(row.gained),
            lost=_figure(row.lost),
            change=_from_to(row.served_a, row.served_b),
        )
    yield from _left(len(rows) - _SHOWN)


def _communities(found: Comparison) -> Iterator[str]:
    for presence, heading in (("b", _("Communities added")), ("a", _("Communities removed"))):
        rows = found.communities[found.communities["presence"] == presence]
        names = [name or key for name, key in zip(rows["name"], rows["id"], strict=True)]
        if names:
            shown = [*names[:_SHOWN], *(["..."] if len(names) > _SHOWN else [])]
            yield _("{name}: {text}", name=heading, text=_(", ").join(shown))
    count = found.buildings["change"].value_counts()
    if len(count):
        yield _(
            "Buildings: {added} added, {removed} removed, {regrouped} in another community, {recounted} with another number of households",
            **{name: int(count.get(name, 0)) for name in ("added", "removed", "regrouped", "recounted")},
        )


def _rules(found: Comparison) -> Iterator[str]:
    rules = found.rules
    count = rules["change"].value_counts()
    yield _(
        "Rules: {now_met} now met, {newly_unmet} newly unmet, {still_unmet} unmet in both; unmet and asked of one plan only: {one_only}",
        **{name: int(count.get(name, 0)) for name in ("now_met", "newly_unmet", "still_unmet")},
        one_only=int(count.get("newly_asked", 0) + count.get("no_longer_asked", 0)),
    )
    hard = rules[(rules["strength_a"] == "hard") | (rules["strength_b"] == "hard")]
    for row in hard.head(_SHOWN).itertuples():
        yield _(
            "  {change}: {rule} {unit}, short by {shortfall} {measure}",
            change=change_text(str(row.change)),
            rule=row.rule_id,
            unit=row.unit_name or row.unit_id,
            shortfall=_from_to(row.shortfall_a, row.shortfall_b),
            measure=word("unit", str(row.unit)),
        )
    yield from _left(len(hard) - _SHOWN)


def _stages(found: Comparison) -> Iterator[str]:
    if len(found.stages):
        yield _("Proof, each stage given those before it:")
    for row in found.stages.itertuples():
        yield _(
            "  {stage}: {change} ({objective}), {verdict}",
            stage=_(str(row.stage)),
            change=_from_to(row.value_a, row.value_b),
            objective=_(str(row.objective_b or row.objective_a)),
            verdict=change_text(str(row.verdict)),
        )


def _asked(found: Comparison) -> Iterator[str]:
    if len(found.asked):
        yield _("Asked differently, so that each plan's stages answer a question of its own:")
    for row in found.asked.rename(columns={"where": "of"}).head(_SHOWN).itertuples():
        yield _("  {name}: {first} -> {second}", name=f"{row.of}.{row.field}", first=row.a or "-", second=row.b or "-")
    yield from _left(len(found.asked) - _SHOWN)


def _left(rows: int) -> Iterator[str]:
    """Yield how many rows are not shown, if any."""
    if rows > 0:
        yield _("  ... and {n} more", n=rows)


def _figure(value: Any) -> str:
    """Return a figure with as many digits as tell something; a dash where there is none.

    >>> _figure(24408342.8), _figure(2.31), _figure(0.0001), _figure(float("nan"))
    ('24,408,343', '2.31', '0.0001', '-')
    """
    return "-" if not math.isfinite(value) else f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:,.4g}"


def _from_to(first: Any, second: Any) -> str:
    """Return both figures, or one where they are the same within TOLERANCE."""
    if abs(first - second) <= TOLERANCE * max(1.0, abs(first), abs(second)):
        return _figure(second)
    one, other = _figure(first), _figure(second)
    if one == other and math.isfinite(first - second):
        one, other = f"{first:,.10g}", f"{second:,.10g}"
    return _("{first} -> {second}", first=one, second=other)
