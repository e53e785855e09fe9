"""study.toml: unknown keys, wrong values and bad TOML are refused naming file, table, key and what was meant."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from siteplan.candidates.found import CandidateRules
from siteplan.errors import SettingsError
from siteplan.plans.scenario import Scenario
from siteplan.study.load import load_settings, parse_settings
from siteplan.study.settings import CandidatesSettings, ScenarioSettings, Settings


def toml(folder, text, encoding="utf-8"):
    (folder / "study.toml").write_text(text, encoding=encoding)
    return folder


def refused(folder, text, encoding="utf-8"):
    with pytest.raises(SettingsError) as caught:
        load_settings(toml(folder, text, encoding))
    assert caught.value.exit_code == 3
    assert caught.value.path == str(folder / "study.toml")
    return caught.value


def test_everything_of_the_architecture(tmp_path):
    text = """
    [study]
    name = "示范县"
    crs = "EPSG:4547"
    setting = "rural"
    [layers.buildings]
    path = "layers.gpkg"
    layer = "buildings"
    crs = "EPSG:4490"
    columns = { households = "户数" }
    defaults = { floors = 3, use = "住宅" }
    [layers.dem]
    path = "dem.tif"
    [standards]
    profiles = ["p000", "p002"]
    files = ["county.toml"]
    [standards.rules."N-reach-service_centre"]
    figure = 500
    strength = "hard"
    reason = "county meeting of 12 May"
    [standards.rules."S2-09a"]
    off = true
    reason = "..."
    [demand]
    persons_per_household = 4
    residential_uses = ["house"]
    elderly_share = 0.2
    [access]
    cutoff_m = 1500
    [scenario]
    budget_yuan = 1e6
    required = ["c1"]
    [candidates]
    max_per_community = 4
    """
    read = load_settings(toml(tmp_path, text))
    assert read.layers["buildings"].columns == {"households": "户数"}
    assert read.layers["buildings"].defaults == {"floors": 3, "use": "住宅"}
    assert read.standards.profiles == ("p000", "p002")
    assert read.standards.rules["N-reach-service_centre"].figure == 500
    assert read.standards.rules["S2-09a"].off
    assert read.demand.persons_per_household == 4
    assert read.demand.residential_uses == ("house",)
    assert (read.access.cutoff_m, read.access.detour_factor, read.access.snap_limit_m) == (1500, 1.3, 500)
    assert read.scenario.to_dict() == {"budget_yuan": 1e6, "required": ("c1",)}
    assert read.candidates.to_dict() == {"max_per_community": 4}


def test_defaults(tmp_path):
    read = load_settings(toml(tmp_path, ""))
    assert read == Settings()
    assert read.demand.persons_per_household == 3.52
    assert "residential" in read.demand.residential_uses


@pytest.mark.parametrize(
    ("text", "row", "key", "meant"),
    [
        ('[layers.buildings]\npath = "a"\ncolums = {}', "[layers.buildings]", "colums", "columns"),
        ("[acess]\n", None, "acess", "access"),
        ("[access]\ncutof_m = 3", "[access]", "cutof_m", "cutoff_m"),
        ("[study]\nseting = 'rural'", "[study]", "seting", "setting"),
        ("[standards]\nprofile = []", "[standards]", "profile", "profiles"),
        ("[standards.rules.'S0-12']\nfigur = 3", "[standards.rules.S0-12]", "figur", "figure"),
        ("[scenario]\nbudget = 3", "[scenario]", "budget", "budget_yuan"),
        ("[candidates]\nmax_per_comunity = 3", "[candidates]", "max_per_comunity", "max_per_community"),
        ("[layers.bulidings]\npath = 'a'", "[layers.bulidings]", "bulidings", "buildings"),
        ("[layers.den]\npath = 'a'", "[layers.den]", "den", "dem"),
    ],
)
def test_unknown_keys_name_the_nearest(tmp_path, text, row, key, meant):
    error = refused(tmp_path, text)
    assert error.row == row
    assert f'"{key}"' in error.problem
    assert f'did you mean "{meant}"?' in error.remedy


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("[layers.buildings]\nlayer = 'a'", "[layers.buildings]", "path is missing"),
        ("[layers]\nbuildings = 'a.gpkg'", "[layers]", "buildings"),
        ("[study]\nsetting = 'town'", "[study]", "setting = 'town'"),
        ("[access]\ncutoff_m = '3000'", "[access]", "cutoff_m = '3000'"),
        ("[access]\ncutoff_m = 0", "[access]", "cutoff_m = 0"),
        ("[access]\ncutoff_m = inf", "[access]", "cutoff_m = inf"),
        ("[access]\ncutoff_m = nan", "[access]", "cutoff_m = nan"),
        ("[access]\ndetour_factor = 0.9", "[access]", "detour_factor = 0.9"),
        ("[demand]\npersons_per_household = true", "[demand]", "persons_per_household = True"),
        ("[demand]\nelderly_share = 20", "[demand]", "elderly_share = 20"),
        ("[standards]\nprofiles = 'p000'", "[standards]", "profiles = 'p000'"),
        ("[standards]\nprofiles = [0]", "[standards]", "profiles.0 = 0"),
        ("[standards.rules.'S0-12']\nstrength = 'firm'", "[standards.rules.S0-12]", "strength = 'firm'"),
        ("[scenario]\nmax_sites = 2.5", "[scenario]", "max_sites = 2.5"),
        ("[scenario]\nrequired = ['a', 'b']\nforbidden = ['b']", "[scenario]", "b"),
        ("study = 3", None, "study = 3"),
    ],
)
def test_wrong_values(tmp_path, text, row, words):
    error = refused(tmp_path, text)
    assert error.row == row
    assert words in error.problem


def test_bad_toml_shows_the_line(tmp_path):
    error = refused(tmp_path, '[study]\nname = "a\ncrs = "EPSG:4547"\n')
    assert error.row == "line 2"
    assert 'name = "a' in error.remedy


@pytest.mark.parametrize("line", ['columns = { 户数 = "households" }', "name = 示范县", "[层]"])
def test_chinese_without_quotes(tmp_path, line):
    error = refused(tmp_path, f"[study]\n{line}\n")
    assert error.row == "line 2"
    assert line in error.remedy
    assert '"户数" = "households"' in error.remedy


def test_chinese_in_quotes_gets_no_hint(tmp_path):
    assert '"户数" = ' not in refused(tmp_path, '[study]\nname = "示范县" x\n').remedy


def test_files_of_windows_notepad(tmp_path):
    text = '[study]\r\nname = "示范县"\r\n'
    assert load_settings(toml(tmp_path, text, "utf-8-sig")).study.name == "示范县"
    assert "UTF-8" in refused(tmp_path, text, "gbk").problem


def test_no_study_names_the_nearest(tmp_path):
    (tmp_path / "liuzhi").mkdir()
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "liuzi")
    assert "liuzhi" in caught.value.remedy
    with pytest.raises(SettingsError, match="no study here"):
        load_settings(tmp_path / "liuzhi")


def test_the_scenario_section_has_the_scenarios_fields_and_defaults():
    assert set(ScenarioSettings.model_fields) == {field.name for field in dataclasses.fields(Scenario)}
    assert Scenario(**ScenarioSettings().model_dump()) == Scenario()


def test_the_candidates_section_has_the_fields_of_the_rules():
    assert set(CandidatesSettings.model_fields) == {field.name for field in dataclasses.fields(CandidateRules)}
    assert CandidateRules(**CandidatesSettings().to_dict()) == CandidateRules()


def test_frozen_and_changed_by_but():
    before = Settings()
    with pytest.raises(ValidationError):
        before.access.cutoff_m = 1.0
    after = before.but(access={"cutoff_m": 1.0})
    assert (before.access.cutoff_m, after.access.cutoff_m) == (3000, 1)


@settings(deadline=None)
@given(st.text(max_size=12), st.sampled_from(["access", "demand", "study", "standards", "scenario", "candidates"]))
def test_any_unknown_key_is_refused(key, table):
    known = type(getattr(Settings(), table)).model_fields
    if key in known:
        return
    with pytest.raises(SettingsError) as caught:
        parse_settings({table: {key: 1}})
    assert caught.value.row == f"[{table}]"
    assert any(f'"{name}"' in caught.value.remedy for name in known)
