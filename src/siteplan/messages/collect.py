"""Collect every text of the program into the catalogues, and compile what has been translated.

Run as ``python -m siteplan.messages.collect``; needs Babel, which the test extra brings. Texts are what stands in ``_(...)`` and
``N_(...)``, the helps of the command line, and words of data that are shown as they are (stages, statuses, verdicts).
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.messages import LOCALES

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[1]
PO = LOCALES / "zh_CN" / "LC_MESSAGES" / "siteplan.po"
MO = PO.with_suffix(".mo")
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Dates in the head would change the file at every run."""


def template() -> Catalog:
    """Return a catalogue of every text, without translations."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_dir

    catalogue = Catalog(project="siteplan", charset="utf-8")
    keywords: Any = {"_": None, "N_": None, "translate": None}
    for name, _line, message, _comments, _context in extract_from_dir(ROOT, keywords=keywords):
        text = message[0] if isinstance(message, tuple) else message
        if text:
            catalogue.add(text, locations=[(name, 0)])
    for text in (*_helps(), *_words()):
        catalogue.add(text, locations=[("cli", 0)])
    return catalogue


def _helps() -> list[str]:
    from siteplan.cli.main import cli

    def of(command: Any) -> list[str]:
        own = [command.help] if command.help else []
        own += [p.help for p in command.params if getattr(p, "help", None)]
        return own + [text for below in getattr(command, "commands", {}).values() for text in of(below)]

    return of(cli)


def _words() -> list[str]:
    from siteplan.models.stages import STAGES, UNITS
    from siteplan.models.status import Status
    from siteplan.planning.solve import STEPS

    return [*STEPS, *STAGES, *dict.fromkeys(name for name, _unit in UNITS.values()), *(str(status) for status in Status)]


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


def main() -> None:
    """Write both files."""
    from babel.messages.pofile import write_po

    catalogue = merged()
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, no_location=True, omit_header=False, sort_output=True)
    PO.write_bytes(buffer.getvalue())
    MO.write_bytes(compiled(catalogue))


if __name__ == "__main__":
    main()
