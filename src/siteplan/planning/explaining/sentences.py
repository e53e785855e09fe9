"""Reasons, changes, conflicts and sites in plain sentences, in the language spoken when they are said."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from siteplan.messages import _, set_language, word
from siteplan.planning.explaining import changes as c
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from siteplan.planning.explaining.changes import Change, Raise
    from siteplan.planning.explaining.elements import Element
    from siteplan.planning.explaining.reasons import Reason


def in_language(lang: str | None, say: Callable[[], str]) -> str:
    """Return what ``say`` says in a language, without changing the one that is spoken; None: the one that is."""

    def spoken() -> str:
        set_language(lang)
        return say()

    return say() if lang is None else copy_context().run(spoken)


def labels(types: Iterable[str]) -> str:
    """Return the names of facility types."""
    return _(", ").join(facility_type(key).label for key in types) or _("a new facility")


def number(value: float) -> str:
    """Return a figure with as many digits as people read."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - digits


def place_name(name: str) -> str:
    """Return the name of a place; the study has none."""
    return name or _("the whole study")


def obstacle_name(kind: str) -> str:
    """Return an obstacle of a site in a few words."""
    return {
        "excluded": _("in an exclusion zone"),
        "forbidden": _("forbidden"),
        "types": _("not meant for this type"),
        "mode": _("had in a way that a rule does not allow"),
        "separation": _("too near to what a rule keeps apart"),
        "adjacency": _("too far from the households"),
        "host": _("without a host for the room"),
        "company": _("without what must stand beside it"),
        "space": _("without floor or land for it"),
        "small": _("too small"),
    }[kind]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def of_reason(reason: Reason) -> str:
    """Return why a rule is unmet, in one sentence."""
    values = {
        "place": place_name(str(reason.values.get("place", ""))),
        "type": labels(reason.values.get("types", ())),
    }
    say = {**_SITES, **_LIMITS}.get(reason.kind, _other)
    return _capital(say(reason, values))


# of sites ---------------------------------------------------------------------------------------------------------------


def _no_candidate(_reason: Reason, v: dict[str, str]) -> str:
    return _("{place} has no candidate site for a facility of type {type}.", **v)


def _excluded(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "Every candidate site of {place} for {type} ({n}) lies in an exclusion zone ({zones}).",
        n=reason.values["n"], zones=reason.values["what"], **v,
    )  # fmt: skip


def _forbidden(reason: Reason, v: dict[str, str]) -> str:
    return _("Every candidate site of {place} for {type} ({n}) is forbidden.", n=reason.values.get("n", 1), **v)


def _types(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "No candidate site of {place} ({n}) may hold {type}: their lists of types leave it out.",
        n=reason.values["n"], **v,
    )  # fmt: skip


def _mode(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "Every candidate site of {place} for {type} ({n}) is had in a way ({mode}) that rule {rule} does not allow.",
        n=reason.values["n"], mode=word("mode", str(reason.values["what"])), rule=reason.values["rule_id"], **v,
    )  # fmt: skip


def _separation(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "Every candidate site of {place} for {type} ({n}) is nearer than the {need} m by which rule {rule} keeps apart; the farthest: {have} m.",
        n=reason.values["n"], rule=reason.values["rule_id"], need=number(reason.values["need"]), have=number(reason.values["have"]), **v,
    )  # fmt: skip


def _adjacency(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "No candidate site of {place} for {type} is within the {need} walking metres of a household that rule {rule} asks for.",
        rule=reason.values["rule_id"], need=number(reason.values["need"]), **v,
    )  # fmt: skip


def _host(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "No site of {place} may hold {type}, because it must be a room inside {host}, which cannot stand there.",
        host=labels([str(reason.values["what"])]), **v,
    )  # fmt: skip


def _company(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "No site of {place} may hold {type}, because it must stand beside {host}, which cannot stand there.",
        host=labels([str(reason.values["what"])]), **v,
    )  # fmt: skip


def _space(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "No candidate site of {place} ({n}) has {space} for {type}.",
        n=reason.values["n"],
        space=_space_of(reason),
        **v,
    )


def _small(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "The largest candidate site of {place} holds {have} m2 of {space}; {type} needs at least {need} m2.",
        have=number(reason.values["have"]), need=number(reason.values["need"]), space=_space_of(reason), **v,
    )  # fmt: skip


def _barred(reason: Reason, v: dict[str, str]) -> str:
    parts = [f"{n} {obstacle_name(kind)}" for kind, n in reason.values["counts"]]
    return _(
        "No candidate site of {place} ({n}) may hold {type}: {why}.",
        n=reason.values["n"], why=_(", ").join(parts), **v,
    )  # fmt: skip


def _few(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "The sites of {place} can hold {most} of the {required} facilities of type {type} that are required.",
        most=number(reason.values["most"]), required=number(reason.values["required"]), **v,
    )  # fmt: skip


def _little_space(reason: Reason, v: dict[str, str]) -> str:
    if reason.values.get("most") is None:
        return _("The sites of {place} have too little {space} for {type}.", space=_space_of(reason), **v)
    return _(
        "The sites of {place} hold at most {most} m2 of {space} for {type}, and {required} m2 are required.",
        most=number(reason.values["most"]), required=number(reason.values["required"]), space=_space_of(reason), **v,
    )  # fmt: skip


def _full(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "The sites near the households of {place} have too little {space} for {type} to take them all.",
        space=_space_of(reason),
        **v,
    )


def _few_places(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "Of the communities {most} can have {type}, and {required} must have it.",
        most=number(reason.values["most"]),
        required=number(reason.values["required"]),
        **v,
    )


def _nothing_fits(reason: Reason, v: dict[str, str]) -> str:
    parts = [f"{n} {obstacle_name(kind)}" for kind, n in reason.values["counts"]]
    return _(
        "Site {place} must be opened, and nothing that is planned may stand there: {why}.",
        why=_(", ").join(parts) or _("a host is lacking"),
        **v,
    )


def _far(reason: Reason, v: dict[str, str]) -> str:
    values = {"households": number(reason.values["households"]), "metres": number(reason.values["metres"])}
    if reason.values["nearest"] is None:
        return _(
            "{households} households of {place} have no site for {type} within {metres} m, nor anywhere within walking distance.",
            **values, **v,
        )  # fmt: skip
    return _(
        "{households} households of {place} have no site for {type} within {metres} m; the nearest is {nearest} m away.",
        nearest=number(reason.values["nearest"]), **values, **v,
    )  # fmt: skip


def _space_of(reason: Reason) -> str:
    spaces = {facility_type(key).space for key in reason.values.get("types", ())}
    return _("land") if spaces == {"land"} else _("floor")


_SITES: dict[str, Callable[[Reason, dict[str, str]], str]] = {
    "no_candidate": _no_candidate,
    "excluded": _excluded,
    "forbidden": _forbidden,
    "types": _types,
    "mode": _mode,
    "separation": _separation,
    "adjacency": _adjacency,
    "host": _host,
    "company": _company,
    "space": _space,
    "small": _small,
    "barred": _barred,
    "few": _few,
    "little_space": _little_space,
    "far": _far,
    "full": _full,
    "few_places": _few_places,
    "nothing_fits": _nothing_fits,
}


# of limits --------------------------------------------------------------------------------------------------------------


def _money(reason: Reason, v: dict[str, str]) -> str:
    what = {
        "budget": _("the budget of the study"),
        "phase_budget": _("the budget of phase {names}", names=_names(reason)),
        "township_budget": _("the budget of township {names}", names=_names(reason)),
        "funds": _("what the funds give"),
    }[reason.kind]
    return _("{what} does not pay for {type} in {place} beside what the other hard rules need.", what=what, **v)


def _no_fund(_reason: Reason, v: dict[str, str]) -> str:
    return _("None of the funds may pay for {type} in {place}.", **v)


def _late_money(_reason: Reason, v: dict[str, str]) -> str:
    return _(
        "{type} in {place} is due before the money for it comes: a later phase has money, the earlier ones have too little.",
        **v,
    )


def _max_sites(_reason: Reason, v: dict[str, str]) -> str:
    return _("No more sites may be opened, and {type} in {place} would need another one.", **v)


def _place(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "The sites that could hold {type} in {place} are alternatives of one place ({names}), of which only one may be opened.",
        names=_names(reason), **v,
    )  # fmt: skip


def _locked(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "What is locked ({names}) takes the room or the money that {type} in {place} needs.", names=_names(reason), **v
    )


def _required(reason: Reason, v: dict[str, str]) -> str:
    return _("The sites that must be opened ({names}) take what {type} in {place} needs.", names=_names(reason), **v)


def _names(reason: Reason) -> str:
    return _(", ").join(str(name) for name in reason.values["names"])


_LIMITS: dict[str, Callable[[Reason, dict[str, str]], str]] = {
    "budget": _money,
    "phase_budget": _money,
    "township_budget": _money,
    "funds": _money,
    "no_fund": _no_fund,
    "late_money": _late_money,
    "max_sites": _max_sites,
    "place": _place,
    "locked": _locked,
    "required": _required,
}


def _other(reason: Reason, v: dict[str, str]) -> str:
    if reason.kind == "conflict":
        others = _(", ").join(f"{rule} @ {unit}" for rule, unit in reason.values["others"])
        return _("{type} in {place} cannot be had together with {others}.", others=others, **v)
    if reason.kind == "stands":
        ids = _(", ").join(reason.values["ids"])
        return _("What stands in {place} already ({ids}) breaks the rule, and what stands is not closed.", ids=ids, **v)
    if reason.kind == "outranked":
        return _(
            "In {place} what comes before it, hard rules or others of its kind, takes what {type} would need.", **v
        )
    if reason.kind == "not_proven":
        return _("The solver was stopped too early: with all else as it is, {type} in {place} can be had.", **v)
    return _("Why {type} in {place} is missing was not found in the time given.", **v)


# changes ----------------------------------------------------------------------------------------------------------------


def of_change(change: Change) -> str:
    """Return a change in one sentence, and one more for each that has to be made together with it."""
    return " ".join([_CHANGES[change.kind](change), *(of_change(other) for other in change.also)])


def _say_sites(change: Change) -> str:
    parts = [
        _(
            "a new candidate site at {x}, {y} in {community} with {floor} m2 of floor and {land} m2 of land",
            x=f"{site.x:.0f}", y=f"{site.y:.0f}", community=site.community_id, floor=number(site.floor_m2), land=number(site.land_m2),
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
    dropped = [*change.conditions, *change.townships]
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
    names = _(", ").join(f"{name} ({number(m2)} m2)" if m2 else name for name, m2 in change.locked)
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


# conflicts --------------------------------------------------------------------------------------------------------------


def of_element(element: Element) -> str:
    """Return a member of a conflict in a few words."""
    values: dict[str, Any] = {"name": element.name, "unit": element.unit}
    return {
        "rule": _("rule {name} for {unit}", **values),
        "budget": _("the budget of the study"),
        "phase_budget": _("the budget of phase {names}", names=element.name),
        "township_budget": _("the budget of township {names}", names=element.name),
        "funds": _("what the funds give"),
        "max_sites": _("the number of sites that may be opened"),
        "locked": _("the locked facility {name}", **values),
        "required": _("that site {name} must be opened", **values),
        "forbidden": _("that site {name} is forbidden", **values),
        "place": _("that the sites of {name} are alternatives", **values),
    }[element.kind]
