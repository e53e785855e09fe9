import json

import pytest
from click.testing import CliRunner
from handmade_plan import handmade_plan

from siteplan.cli.map import map_command
from siteplan.demo.write import write_demo
from siteplan.errors import DataError
from siteplan.outputs.offline import addresses
from siteplan.plans.store import write_plan
from siteplan.study.study import open_study


@pytest.fixture
def plan_file(tmp_path):
    """A plan on disk beside a study on disk, so that it can be read back."""
    folder = write_demo(tmp_path / "study", sites=2)
    return write_plan(handmade_plan(9).but(study=open_study(folder)), folder / "plan.gpkg")


def test_the_command_writes_the_map_beside_the_plan(plan_file):
    result = CliRunner().invoke(map_command, [str(plan_file)], catch_exceptions=False)
    assert result.exit_code == 0
    assert str(plan_file.with_suffix(".html")) in result.output.replace("\n", "")
    assert addresses(plan_file.with_suffix(".html").read_text(encoding="utf-8")) == []


def test_the_command_tells_a_machine_where_the_map_is(plan_file, tmp_path):
    wanted = tmp_path / "maps" / "base.html"
    result = CliRunner().invoke(map_command, [str(plan_file), "-o", str(wanted), "--json"], catch_exceptions=False)
    assert json.loads(result.output) == {"map": str(wanted), "bytes": wanted.stat().st_size}


def test_a_plan_that_is_not_there_is_bad_data(tmp_path):
    with pytest.raises(DataError, match=r"none\.gpkg") as caught:
        CliRunner().invoke(map_command, [str(tmp_path / "none.gpkg")], catch_exceptions=False)
    assert caught.value.exit_code == 3
    assert list(tmp_path.iterdir()) == []
