"""Collect every text of the program into the catalogues, and compile what has been translated.

Run as ``python -m siteplan.messages.collect``; needs Babel, which the test extra brings. Texts are what stands in ``_(...)`` and
``N_(...)``, the helps of the command line, click's own words, and words of data that people are shown (units, kinds, claims).
"""

from __future__ import annotations

import ast
import io
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.messages import LOCALES
from siteplan.units import COUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[1]
PO = LOCALES / "zh_CN" / "LC_MESSAGES" / "siteplan.po"
MO = PO.with_suffix(".mo")
MARKS = ("_", "N_", "translate")
"""Functions whose first argument is a text."""
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Dates in the head would change the file at every run."""

CLICK = (
    "Usage:",
    "Options",
    "Commands",
    "Positional arguments",
    "Show this message and exit.",
    "default: {default}",
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "Missing argument",
    "Missing option",
    "Missing command.",
    "Choose from:\n\t{choices}",
    "No such option {name!r}.",
    "No such option: {name}",
    "No such command {name!r}.",
    "Option {name!r} does not take a value.",
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "file",
    "directory",
    "path",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
)
"""What click says itself, in several of its versions; it asks gettext, which the command line gives our catalogue."""
CLICK_PLURALS = (
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
)

HOLES = {"name": COUNTS, "key": ("site_id", "community_id"), "column": ("minutes_there", "minutes_back", "flat_metres")}
"""What the names of claims are filled with."""


def template() -> Catalog:
    """Return a catalogue of every text, without translations."""
    from babel.messages.catalog import Catalog

    catalogue = Catalog(project="siteplan", charset="utf-8")
    for text in (*marked(), *progressing(), *_helps(), *_shown(), *CLICK):
        catalogue.add(text)
    for both in CLICK_PLURALS:
        catalogue.add(both)
    for context, codes in words().items():
        for code in codes:
            catalogue.add(code, context=context)
    return catalogue


def _calls() -> Iterator[tuple[Path, ast.Call, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from ((path, node, tree) for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)


def marked() -> list[str]:
    """Return every text that stands in one of MARKS, in f-strings too."""
    return [
        call.args[0].value
        for _path, call, _tree in _calls()
        if isinstance(call.func, ast.Name)
        and call.func.id in MARKS
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def progressing() -> list[str]:
    """Return the words by which callers of ``progress`` say what is being done, where they stand in the call."""
    return [
        call.args[0].value
        for _path, call, _tree in _calls()
        if ast.unparse(call.func).split(".")[-1] == "progress"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def claims() -> list[str]:
    """Return the names of all claims that the audit checks."""
    found: set[str] = set()
    for path, call, tree in _calls():
        told = isinstance(call.func, ast.Attribute) and call.func.attr in {"add", "each", "skip"}
        if path.parent.name != "auditing" or not told or ast.unparse(call.func).split(".")[0] != "claims":
            continue
        first = call.args[0]
        if isinstance(first, ast.Name):
            first = _constant(tree, first.id)
        found.update(_filled(first))
    return sorted(found)


def _filled(text: ast.expr) -> list[str]:
    """Return what a text may be: itself, or with each value of HOLES in each hole where it is an f-string."""
    if not isinstance(text, ast.JoinedStr):
        return [str(ast.literal_eval(text))]
    parts = [
        HOLES[ast.unparse(part.value)] if isinstance(part, ast.FormattedValue) else (str(ast.literal_eval(part)),)
        for part in text.values
    ]
    return ["".join(pieces) for pieces in itertools.product(*parts)]


def _constant(tree: ast.Module, name: str) -> ast.expr:
    """Return the value that a module gives ``name``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    raise LookupError(name)


def _helps() -> list[str]:
    from siteplan.cli.main import cli, english

    def of(command: Any) -> list[str]:
        own = [english(item) for item in (command, *command.params)]
        return [text for text in own if text] + [
            text for below in getattr(command, "commands", {}).values() for text in of(below)
        ]

    return of(cli)


def _shown() -> list[str]:
    """Return words of data that are texts of their own: steps, stages, statuses of the solver."""
    from siteplan.models.stage_run import PRICED, UNITS
    from siteplan.models.status import Status
    from siteplan.planning.solve import STEPS

    return [
        *STEPS,
        *UNITS,
        *dict.fromkeys(name for name, _unit in UNITS.values()),
        PRICED,
        *(str(status) for status in Status),
    ]


def words() -> dict[str, list[str]]:
    """Return by context the words of data that :func:`siteplan.messages.word` is asked for."""
    from siteplan.siting.modes import EXISTING
    from siteplan.standards import kinds

    units = [*kinds.RECORDED_UNITS, *(unit for some in kinds.UNITS.values() for unit in some)]
    return {
        "kind": [*kinds.KINDS, "area"],
        "unit": sorted({*units, "facilities", "sites", "yuan"} - {"-"}),
        "size": [*COUNTS],
        "scope": list(kinds.RECORDED_SCOPES),
        "strength": list(kinds.STRENGTHS),
        "mode": [*kinds.MODES, EXISTING],
        "condition": ["setting", "construction", "resettlement", "key"],
        "denominator": [*COUNTS],
        "claim": claims(),
        "claim verdict": ["pass", "fail", "not evaluated"],
        "value": ["served", "out_of_reach", "none", "opened", "optimal", "gap", "existing", "extended", "new"],
    }


def merged() -> Catalog:
    """Return the Chinese catalogue with every text of now; translations that stand are kept, dead ones dropped."""
    from babel.messages.pofile import read_po

    with PO.open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    """Return the catalogue as a ``.mo`` file."""
    from babel.messages.mofile import write_mo

    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def written(catalogue: Catalog) -> bytes:
    """Return the catalogue as a ``.po`` file."""
    from babel.messages.pofile import write_po

    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, no_location=True, omit_header=False, sort_output=True)
    return buffer.getvalue()


def main() -> None:
    """Write both files."""
    catalogue = merged()
    for path, content in ((PO, written(catalogue)), (MO, compiled(catalogue))):
        new = path.with_suffix(path.suffix + ".new")
        new.write_bytes(content)
        new.replace(path)


if __name__ == "__main__":
    main()
