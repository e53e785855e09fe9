"""Changes in plain sentences, in the language spoken when they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.messages import _, word
from siteplan.planning.explaining import changes as c
from siteplan.planning.explaining.sentences import joined, labels, number, place_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.planning.explaining.changes import Change, Raise


def of_change(change: Change) -> str:
    """Return a change in one sentence, and one more for each that has to be made together with it."""
    return joined([_CHANGES[change.kind](change), *(of_change(other) for other in change.also)])


def _say_sites(change: Change) -> str:
    parts = [
        _(
            "a new candidate site at {x}, {y} in {community} with {floor} m2 of floor and {land} m2 of land",
            x=f"{site.x:.0f}", y=f"{site.y:.0f}", community=site.community, floor=number(site.floor_m2), land=number(site.land_m2),
        )
        for site in change.sites
    ]  # fmt: skip
    return _("Add {sites}; size and prices are assumed.", sites=_(", ").join(parts))


def _say_area(change: Change) -> str:
    parts = []
    if change.floor_m2:
        parts.append(_("{m2} m2 of floor", m2=number(change.floor_m2)))
    if change.land_m2:
        parts.append(_("{m2} m2 of land", m2=number(change.land_m2)))
    return _("Give site {site} {area} more.", site=change.site_id, area=_(" and ").join(parts))


def _say_type(change: Change) -> str:
    return _("Let site {site} hold {type} too.", site=change.site_id, type=labels(change.type.split(";")))


def _say_reach(change: Change) -> str:
    return _("Relax the reach of rule {rule} to {metres} m.", rule=change.rule_id, metres=number(change.figure or 0.0))


def _say_distance(change: Change) -> str:
    return _("Set the distance of rule {rule} to {metres} m.", rule=change.rule_id, metres=number(change.figure or 0.0))


def _say_lower(change: Change) -> str:
    if change.share is not None:
        return _("Lower the share of rule {rule} to {share}.", rule=change.rule_id, share=f"{change.share:.2%}")
    return _("Lower the figure of rule {rule} to {figure}.", rule=change.rule_id, figure=number(change.figure or 0.0))


def _purse(more: Raise) -> str:
    return {
        "budget": _("the budget of the study"),
        "phase_budget": _("the budget of phase {names}", names=more.name),
        "township_budget": _("the budget of township {names}", names=more.name),
        "fund": _("fund {name} in phase {phase}", name=more.name, phase=more.phase),
    }[more.kind]


def _say_budget(change: Change) -> str:
    parts = [_("{yuan} yuan for {purse}", yuan=number(more.yuan), purse=_purse(more)) for more in change.money]
    return _("Find more money: {money}.", money=_(", ").join(parts))


def _say_new_fund(change: Change) -> str:
    parts = [_("{yuan} yuan for {purse}", yuan=number(more.yuan), purse=_purse(more)) for more in change.money]
    where = _(", ").join(change.townships) or place_name("")
    return _("Find new money for {where}: {money}.", where=where, money=_(", ").join(parts))


def _say_open_fund(change: Change) -> str:
    dropped = [*(word("condition", name) for name in change.conditions), *change.townships]
    return _(
        "Let fund {name} pay here too, whatever its conditions say of {dropped}.",
        name=change.money[0].name,
        dropped=_(", ").join(dropped),
    )


def _say_earlier(change: Change) -> str:
    taker, giver = change.money
    return _(
        "Move {yuan} yuan forward: from {giver} to {taker}.",
        yuan=number(taker.yuan),
        giver=_purse(giver),
        taker=_purse(taker),
    )


def _say_kept(change: Change) -> str:
    names = _(", ").join(_("{name} ({m2} m2)", name=name, m2=number(m2)) if m2 else name for name, m2 in change.locked)
    return _("Lock what a further run has found, and solve again: {names}.", names=names)


_CHANGES: dict[str, Callable[[Change], str]] = {
    c.ADD_CANDIDATE: _say_sites,
    c.MORE_AREA: _say_area,
    c.ALLOW_TYPE: _say_type,
    c.UNFORBID: lambda change: _("Allow site {site} again.", site=change.site_id),
    c.ALLOW_MODE: lambda change: _(
        "Let rule {rule} allow {mode} too.", rule=change.rule_id, mode=word("mode", change.mode)
    ),
    c.RELAX_REACH: _say_reach,
    c.RELAX_DISTANCE: _say_distance,
    c.LOWER_FIGURE: _say_lower,
    c.MORE_BUDGET: _say_budget,
    c.NEW_FUND: _say_new_fund,
    c.OPEN_FUND: _say_open_fund,
    c.EARLIER_MONEY: _say_earlier,
    c.MORE_SITES: lambda change: _("Raise the number of sites that may be opened by {n}.", n=change.number),
    c.UNLOCK: lambda change: _("Unlock facility {site}.", site=change.site_id),
    c.NOT_REQUIRED: lambda change: _("Do not require that site {site} is opened.", site=change.site_id),
    c.KEEP_FOUND: _say_kept,
}
