"""Rules on facilities: what each facility must keep by itself.

What a rule requires is the number of facilities that it looks at, what is achieved the number of those that keep it
(docs/architecture.md, Rules).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.auditing.outcome import each_of, within
from siteplan.auditing.sites import EXISTING, NEW
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from siteplan.auditing.outcome import Outcome
    from siteplan.auditing.scene import Scene
    from siteplan.standards.rule import Rule


def unit_floor(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types >= figure m2."""
    chosen = scene.of(rule.types)
    figure = float(rule.figure or 0.0)
    area = chosen["area_m2"].to_numpy(dtype=float)
    large = area >= figure - TOLERANCE * max(1.0, figure)
    return each_of(chosen, large, (figure - area) / figure, _("too small"))


def inside(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types is a room inside a facility of type ``host`` at the same site."""
    chosen = scene.of(rule.types)
    hosts = scene.standing.drop_duplicates("id").set_index("id")
    holder = chosen["inside"]
    good = holder.map(hosts["type"]).eq(rule.host) & holder.map(hosts["site"]).eq(chosen["site"])
    return each_of(chosen, good, note=_("outside a {host}", host=rule.host))


def colocation(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types stands at the same site as a facility of type ``host``."""
    chosen = scene.of(rule.types)
    sites = set(scene.standing.loc[scene.standing["type"] == rule.host, "site"])
    return each_of(chosen, chosen["site"].isin(sites), note=_("at no site of a {host}", host=rule.host))


def separation(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types is at least figure straight metres from everything in ``apart_from``.

    From exclusions alone without a figure: outside of them.
    """
    chosen = scene.of(rule.types)
    metres = np.full(len(chosen), np.inf)
    for word in rule.apart_from:
        metres = np.minimum(metres, scene.straight(chosen.index, word))
    if rule.figure is None:
        far = metres > 0
    else:
        far = metres >= rule.figure - TOLERANCE * max(1.0, rule.figure)
    return each_of(chosen, far, note=_("too near"))


def adjacency(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types is within figure walking metres, inclusive, of a household of its community."""
    chosen = scene.of(rule.types)
    near = within(scene.doorstep(chosen.index), float(rule.figure or 0.0))
    return each_of(chosen, near, note=_("too far from the households of its community"))


def acquisition(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types (none: of any type) that is new or extended was had by one of ``modes``.

    With ``standing`` only where one of the types stands in the community already.
    """
    here = scene.of(rule.types)
    built = here[here["status"] != EXISTING]
    if rule.standing and (here["status"] == NEW).all():
        built = built.iloc[:0]
    return each_of(built, built["mode"].isin(rule.modes), note=_("had in another way"))
