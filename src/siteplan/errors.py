"""The error tree. Each error says what is wrong, where, and what to do next.

::

    SiteplanError                     anything siteplan raises on purpose
    ├── DataError(ValueError)         a layer, a table or a value in one; exit code 3
    │   └── LayerError                one layer file: its path, row and remedy
    ├── SettingsError(ValueError)     study.toml or a profile; exit code 3
    ├── StandardsError(ValueError)    a rule without a source, an unknown unit; exit code 3
    ├── UsageError(ValueError)        a call that makes no sense; exit code 2
    └── SolverError(RuntimeError)     the solver gave no usable answer; exit code 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path


class SiteplanError(Exception):
    """Base of every error that siteplan raises on purpose."""

    exit_code = 1


class DataError(SiteplanError, ValueError):
    """Input data that cannot be used as it is.

    Parameters
    ----------
    problem : str
        What is wrong, one sentence.
    remedy : str
        What the user can do about it, one sentence.
    path : path, optional
        The file at fault.
    row : str, optional
        The row (by id or number), column or key at fault.
    """

    exit_code = 3

    def __init__(self, problem: str, *, remedy: str, path: str | Path | None = None, row: str | None = None) -> None:
        self.problem = problem
        self.remedy = remedy
        self.path = None if path is None else str(path)
        self.row = row
        where = _(", ").join(part for part in (self.path, row) if part)
        head = _("{name}: {text}", name=where, text=problem) if where else problem
        super().__init__(head + "\n" + _("{name}: {text}", name=_("What to do"), text=remedy))


class LayerError(DataError):
    """A layer file that cannot be read as its role."""


class SettingsError(DataError):
    """A study.toml or scenario that cannot be used."""


class StandardsError(DataError):
    """A rule or profile that cannot be used."""


class UsageError(SiteplanError, ValueError):
    """A call whose arguments make no sense together."""

    exit_code = 2


class SolverError(SiteplanError, RuntimeError):
    """The solver gave no usable answer."""
