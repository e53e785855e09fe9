"""One profile: the rules of one source document, from one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from siteplan.errors import StandardsError
from siteplan.messages import _
from siteplan.standards.nearest import nearest
from siteplan.standards.rule import Rule, Size


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _SizeEntry(_Strict):
    metric: str
    min: float = 0.0
    max: float = float("inf")


class _RuleEntry(_Strict):
    id: str = Field(min_length=1)
    kind: str
    strength: str
    status: str
    types: list[str] = []
    figure: float | None = None
    figure_max: float | None = None
    share: float | None = None
    unit: str = "-"
    denominator: str = ""
    scope: str = ""
    setting: str = "any"
    construction: str = "any"
    resettlement: str = "any"
    key: str = "any"
    size: _SizeEntry | None = None
    wording: str = ""
    host: str = ""
    modes: list[str] = []
    standing: bool = False
    apart_from: list[str] = []
    subject: str = ""
    forms: str = ""
    phase: str = ""
    requirement: str = ""
    document: str = ""
    clause: str = ""
    key_phrase: str = ""
    source: str = ""
    note: str = ""


class _Defaults(_Strict):
    setting: str | None = None
    construction: str | None = None
    resettlement: str | None = None
    status: str | None = None
    source: str | None = None


class _ProfileEntry(_Strict):
    name: str = Field(min_length=1)
    title_zh: str
    title_en: str
    document: str = ""
    authority: int = 0
    year: int | None = None
    note: str = ""
    defaults: _Defaults = _Defaults()


class _FileEntry(_Strict):
    profile: _ProfileEntry
    rule: list[dict[str, Any]] = []


_Entry = TypeVar("_Entry", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The rules of one source document.

    Parameters
    ----------
    name : str
        As studies name it.
    title_zh, title_en : str
        Title of the document.
    document : str
        The document its clauses stand in.
    authority : int
        Rank among profiles: 3 signed and dated, 2 a plan or measures, 1 advice, 0 defaults or unsaid.
    year : int or None
        Year of the document, where it bears one.
    note : str
    rules : tuple of Rule
    path : Path or None
        The file it was read from.
    """

    name: str
    title_zh: str
    title_en: str
    document: str = ""
    authority: int = 0
    year: int | None = None
    note: str = ""
    rules: tuple[Rule, ...] = ()
    path: Path | None = None

    def __repr__(self) -> str:
        """Return name, title and number of rules."""
        return f"<Profile {self.name}: {self.title_en}, {len(self.rules)} rules>"


def _wanted(kind: str) -> str:
    """Return what pydantic's error ``kind`` asks for, in the user's language."""
    return {
        "missing": _("it is missing: add it"),
        "string_type": _("it must be text, in quotes"),
        "string_too_short": _("it is empty: name it"),
        "float_type": _("it must be a number, without quotes"),
        "int_type": _("it must be a whole number, without quotes"),
        "bool_type": _("it must be true or false, without quotes"),
        "list_type": _('it must be a list, such as ["service_centre"]'),
        "dict_type": _("it must be a table"),
        "model_type": _("it must be a table"),
    }.get(kind, kind)


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    inner: type[BaseModel] = model
    for part in loc[:-1]:
        field = inner.model_fields.get(str(part))
        kind = field.annotation if field else None
        options = [kind, *getattr(kind, "__args__", ())]
        inner = next((k for k in options if isinstance(k, type) and issubclass(k, BaseModel)), inner)
    return list(inner.model_fields)


def _validated(model: type[_Entry], raw: Any, *, path: Path, row: str) -> _Entry:
    """Return ``raw`` as ``model``, or say which key is wrong and what it should be."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            problem = _("unknown key {key}", key=key)
            remedy = _(
                "the nearest known one is {known}",
                known=nearest(str(first["loc"][-1]), _known_keys(model, first["loc"])),
            )
        else:
            problem = _("key {key} cannot be used", key=key)
            remedy = _wanted(first["type"])
        raise StandardsError(problem, remedy=remedy, path=path, row=row) from error


def _rule(raw: dict[str, Any], profile: _ProfileEntry, *, number: int, path: Path) -> Rule:
    row = _("rule {rule}", rule=raw.get("id", f"#{number}"))
    entry = _validated(_RuleEntry, profile.defaults.model_dump(exclude_none=True) | raw, path=path, row=row)
    fields = entry.model_dump()
    fields |= {name: tuple(fields[name]) for name in ("types", "modes", "apart_from")}
    fields["size"] = None if entry.size is None else Size(**entry.size.model_dump())
    fields["profile"] = profile.name
    fields["document"] = entry.document or (profile.document if entry.clause else "")
    try:
        return Rule(**fields)
    except StandardsError as error:
        raise StandardsError(error.problem, remedy=error.remedy, path=path, row=error.row) from error


def read_profile(path: Path) -> Profile:
    """Read one profile.

    Parameters
    ----------
    path : Path
        A TOML file with a table ``[profile]`` and tables ``[[rule]]``. ``[profile.defaults]`` may hold setting,
        construction, resettlement, status and source for every rule that does not say.

    Returns
    -------
    Profile

    Raises
    ------
    StandardsError
        If the file cannot be read, holds an unknown key, or a rule in it is refused (see :class:`Rule`); the
        error names the file, the rule and the nearest known word.
    """
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise StandardsError(_("there is no such file"), remedy=_("check its name and folder"), path=path) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StandardsError(
            _("it cannot be read as TOML: {error}", error=error), remedy=_("save it as TOML in UTF-8"), path=path
        ) from error
    entry = _validated(_FileEntry, raw, path=path, row="")
    head = entry.profile
    rules = tuple(_rule(rule, head, number=number, path=path) for number, rule in enumerate(entry.rule, start=1))
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise StandardsError(
                _("two rules have the same id"),
                remedy=_("give each its own, such as {id}.2", id=rule.id),
                path=path,
                row=_("rule {rule}", rule=rule.id),
            )
        seen.add(rule.id)
    return Profile(**head.model_dump(exclude={"defaults"}), rules=rules, path=path)
