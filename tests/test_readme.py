"""What the two READMEs show is what the program takes, and both show the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from siteplan.layers.roles import RASTER_ROLES, ROLES
from siteplan.standards.profile import read_profile
from siteplan.study.settings import Settings

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
PAGES = [
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "data/README.md", "maps/README.md", "notebooks/README.md")
    for path in sorted(ROOT.glob(pattern))
]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), flags=re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_the_settings_and_the_profile_that_are_shown_are_taken(name: str, tmp_path: Path) -> None:
    study, profile = blocks(name, "toml")
    settings = Settings.model_validate(tomllib.loads(study))
    assert set(settings.layers) <= set(ROLES)
    path = tmp_path / "county.toml"
    path.write_text(profile, encoding="utf-8")
    assert read_profile(path).name in settings.standards.profiles


@pytest.mark.parametrize("name", READMES)
def test_the_table_of_layers_is_that_of_the_program(name: str) -> None:
    shown = {}
    for role, columns in re.findall(r"^\| `(\w+)` [^|]*\|[^|]*\|(.*)\|$", text_of(name), flags=re.MULTILINE):
        shown[role] = {(column, bool(bold)) for bold, column in re.findall(r"(\*\*)?`(\w+)`", columns)}
    expected = {role.name: {(c.name, c.required) for c in role.columns} for role in ROLES.values()}
    assert shown == expected | {role: set() for role in RASTER_ROLES}


def test_both_readmes_show_the_same() -> None:
    for english, chinese in zip(*(blocks(name, "toml") for name in READMES), strict=True):
        one, other = (re.sub(r'^reason = ".*"$', "", text, flags=re.MULTILINE) for text in (english, chinese))
        assert tomllib.loads(one) == tomllib.loads(other)
    code, codes = ([re.sub(r"#.*", "", text) for text in blocks(name, "python")] for name in READMES)
    assert code == codes
    indented, others = (re.findall(r"^    \S.*$", text_of(name), flags=re.MULTILINE) for name in READMES)
    assert [re.sub(r"#.*", "", line) for line in indented] == [re.sub(r"#.*", "", line) for line in others]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", text_of(name))
    here = [link for link in links if "://" not in link]
    assert [link for link in here if not ((ROOT / name).parent / link).exists()] == []
