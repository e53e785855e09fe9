"""Rules on rooms inside hosts that make no sense are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from siteplan.errors import StandardsError
from siteplan.standards.library import Override, load_standards

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '[profile]\nname = "county"\ntitle_zh = "县"\ntitle_en = "county"\n'
RULE = """
[[rule]]
id = "{id}"
kind = "inside"
types = ["{room}"]
host = "{host}"
strength = "hard"
status = "verified"
source = "county plan 2025, art. 1"
"""


def profile(folder: Path, *rooms: tuple[str, str]) -> Path:
    rules = [RULE.format(id=f"C-{n}", room=room, host=host) for n, (room, host) in enumerate(rooms)]
    path = folder / "county.toml"
    path.write_text(HEAD + "".join(rules), encoding="utf-8")
    return path


def test_rooms_inside_one_another_are_refused(tmp_path: Path) -> None:
    path = profile(
        tmp_path, ("library", "culture_room"), ("culture_room", "mediation_room"), ("mediation_room", "library")
    )
    with pytest.raises(StandardsError, match=r"stands inside .* in turn") as error:
        load_standards(["county"], [path])
    assert error.value.exit_code == 3
    assert (
        load_standards(["county"], [path], {"C-2": Override(off=True, reason="test")}).get("C-0").host == "culture_room"
    )


@pytest.mark.parametrize(("room", "host"), [("outdoor_square", "service_centre"), ("police_room", "micro_fire")])
def test_a_room_and_its_host_share_one_kind_of_area(tmp_path: Path, room: str, host: str) -> None:
    with pytest.raises(StandardsError, match="do not share one kind of area"):
        load_standards(["county"], [profile(tmp_path, (room, host))])
