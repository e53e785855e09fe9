"""The command ``siteplan standards``."""

import json

import pytest
from click.testing import CliRunner

from siteplan.cli.standards import standards
from siteplan.errors import StandardsError
from siteplan.messages import set_language


@pytest.fixture(autouse=True)
def english():
    set_language("en")
    yield
    set_language(None)


def run(*arguments):
    result = CliRunner().invoke(standards, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_lists_all_profiles():
    output = run()
    for rule in ("S0-12", "S1-06", "S2-08", "S3-20", "S4-01", "N-area_ratio-shelter"):
        assert rule in output
    assert "modelled" in output
    assert "recorded" in output


def test_lists_one_profile_as_json():
    found = json.loads(run("--profile", "p000", "--json"))
    assert found["profiles"] == ["p000", "national"]
    rule = next(rule for rule in found["rules"] if rule["id"] == "S0-12")
    assert (rule["figure"], rule["unit"], rule["construction"], rule["modelled"]) == (32, "m2/100hh", "new", True)
    assert json.loads(run("--profile", "p000", "list", "--json")) == found


def test_shows_one_rule_with_its_source():
    output = run("show", "S4-02")
    for text in ("004_3e80a236444095bc.txt", "三(二)1", "至少拥有一个综合性", "hard (原则上)", "verified", "modelled"):
        assert text in output
    assert "Changsha 2021" in run("show", "N-reach-service_centre")
    assert "no places" not in run("show", "S0-07")
    assert "committees and associations" in run("show", "S0-06")
    assert json.loads(run("show", "S0-15.inside", "--json"))["host"] == "service_centre"


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("S0-15.inside", ["in: party-mass service centre", "modelled"]),
        ("S2-15b", ["by: converting, extending", "where one stands already", "modelled"]),
        ("S3-06", ["200 m2, 40%", "study", "modelled"]),
        (
            "S0-20.separation",
            ["from: dwellings, children's home", "recorded: the clause gives no figure; give one in study.toml"],
        ),
        ("S4-26", ["from: 水源保护区, 饮用水源保护区", "modelled"]),
        ("N-separation-rites_venue", ["50 m, from: dwellings, children's home"]),
        ("S2-11b", ["recorded: no layer holds stairwells"]),
        ("S3-07", ["figure: 70%", "recorded: the clause gives a share of a sum that no layer holds"]),
        ("S3-30", ["recorded: the clause names no host"]),
    ],
)
def test_shows_what_each_kind_adds(rule, texts):
    output = run("show", rule)
    assert [text for text in texts if text not in output] == []


def test_a_rule_beside_something_names_it(tmp_path):
    path = tmp_path / "county.toml"
    path.write_text(
        '[profile]\nname = "county"\ntitle_zh = "县"\ntitle_en = "county"\n[[rule]]\nid = "C-1"\nkind = "colocation"\n'
        'types = ["parcel_point"]\nhost = "discount_shop"\nstrength = "soft"\nstatus = "verified"\nsource = "art. 3"\n',
        encoding="utf-8",
    )
    assert "beside: discount shop" in run("--file", str(path), "show", "C-1")


def test_speaks_chinese():
    set_language("zh")
    output = run("show", "S0-12")
    assert "党群服务中心" in output
    assert "实施方案" in output


def test_a_planners_own_file_speaks_first(tmp_path):
    path = tmp_path / "county.toml"
    path.write_text(
        '[profile]\nname = "county"\ntitle_zh = "县"\ntitle_en = "county"\n[[rule]]\nid = "C-1"\nkind = "reach"\n'
        'types = ["library"]\nfigure = 700\nunit = "m"\nstrength = "target"\nstatus = "verified"\nsource = "art. 3"\n',
        encoding="utf-8",
    )
    assert json.loads(run("--file", str(path), "--profile", "p002", "--json"))["profiles"] == [
        "county",
        "p002",
        "national",
    ]
    assert "art. 3" in run("--file", str(path), "show", "C-1")


def test_order_against_authority_is_said():
    assert "p002 speaks before p004" in run("--profile", "p002", "--profile", "p004")


def test_unknown_rule_names_the_nearest():
    with pytest.raises(StandardsError, match="S0-12"):
        run("show", "S0-12b")
