"""Reasons and conflicts in plain sentences, in the language spoken when they are said."""

from __future__ import annotations

from contextvars import copy_context
from functools import reduce
from typing import TYPE_CHECKING, Any

from siteplan.messages import _, set_language, word
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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


def listed(names: Sequence[str], shown: int = 3) -> str:
    """Return the first few of some names, and how many more there are."""
    text = _(", ").join(names[:shown])
    return text if len(names) <= shown else _("{names} and {n} more", names=text, n=len(names) - shown)


def joined(sentences: Iterable[str]) -> str:
    """Return sentences one after the other; in Chinese there is no space between them."""
    return reduce(lambda first, then: _("{first} {then}", first=first, then=then), sentences)


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
    say = (_SITES | _LIMITS | _OTHERS)[reason.kind]
    text, name = say(reason, values), str(reason.values.get("place", ""))
    return text if name and text.startswith(name) else _capital(text)  # a name is written as it is


# of sites ---------------------------------------------------------------------------------------------------------------


def _no_candidate(_reason: Reason, v: dict[str, str]) -> str:
    return _("{place} has no candidate site for a facility of type {type}.", **v)


def _excluded(reason: Reason, v: dict[str, str]) -> str:
    return _(
        "Every candidate site of {place} for {type} ({n}) lies in an exclusion zone ({zones}).",
        n=reason.values["n"], zones=reason.values["what"], **v,
    )  # fmt: skip


def _forbidden(reason: Reason, v: dict[str, str]) -> str:
    if "names" in reason.values:
        return _("Sites that could hold {type} in {place} are forbidden ({names}).", names=_names(reason), **v)
    return _("Every candidate site of {place} for {type} ({n}) is forbidden.", n=reason.values["n"], **v)


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
    parts = [_("{n} {why}", n=n, why=obstacle_name(kind)) for kind, n in reason.values["counts"]]
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
    parts = [_("{n} {why}", n=n, why=obstacle_name(kind)) for kind, n in reason.values["counts"]]
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


def _conflict(reason: Reason, v: dict[str, str]) -> str:
    others = _(", ").join(f"{rule} @ {unit}" for rule, unit in reason.values["others"])
    return _("{type} in {place} cannot be had together with {others}.", others=others, **v)


def _stands(reason: Reason, v: dict[str, str]) -> str:
    ids, broken = _(", ").join(reason.values["ids"]), _broken(reason.values)
    if reason.kind == "stands":
        return _("In {place}, {broken}: {ids}; what stands already is not closed.", ids=ids, broken=broken, **v)
    return _(
        "In {place}, {broken}: {ids}; they are built all the same for rules that come before.",
        ids=ids,
        broken=broken,
        **v,
    )


def _broken(values: Mapping[str, Any]) -> str:
    """Return in what way facilities break a rule on facilities, in a few words."""
    figure, host = number(values["figure"]), labels([values["host"]]) if values["host"] else ""
    modes = _(", ").join(word("mode", mode) for mode in values["modes"])
    return {
        "unit_floor": _("smaller than {figure} m2", figure=figure),
        "inside": _("not a room inside {host}", host=host),
        "colocation": _("without {host} beside it", host=host),
        "separation": _("nearer than {figure} m to what it must keep away from", figure=figure),
        "adjacency": _("without a household within {figure} walking metres", figure=figure),
        "acquisition": _("had in another way than the rule allows ({modes})", modes=modes),
    }[str(values["rule_kind"])]


_OTHERS: dict[str, Callable[[Reason, dict[str, str]], str]] = {
    "conflict": _conflict,
    "stands": _stands,
    "all_the_same": _stands,
    "outranked": lambda _reason, v: _(
        "In {place} what comes before it, hard rules or others of its kind, takes what {type} would need.", **v
    ),
    "not_proven": lambda _reason, v: _(
        "The solver was stopped too early: with all else as it is, {type} in {place} can be had.", **v
    ),
    "not_sought": lambda _reason, v: _(
        "{place} has sites that could hold {type}; what keeps it from them was not looked into.", **v
    ),
    "unknown": lambda _reason, v: _("Why {type} in {place} is missing was not found in the time given.", **v),
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
