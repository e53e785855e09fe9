"""The names of layer roles as people read them."""

from __future__ import annotations

from siteplan.messages import language


def role_name(role: str) -> str:
    """Return the Chinese name of a role where Chinese is spoken, else its name in study.toml."""
    from siteplan.layers.roles import RASTER_ROLES, ROLES

    chinese = {name: known.zh for name, known in ROLES.items()} | RASTER_ROLES
    return chinese.get(role, role) if language() == "zh" else role


def padded(text: str, cells: int) -> str:
    """Return ``text`` with blanks up to ``cells`` columns of a terminal, where a Chinese character takes two.

    >>> padded("建筑", 6) + "|"
    '建筑  |'
    """
    from rich.cells import cell_len

    return text + " " * (cells - cell_len(text))
