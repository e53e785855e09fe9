"""Profiles: reading one file, and what is refused with which words."""

import pytest

from siteplan.errors import StandardsError
from siteplan.standards import read_profile

HEAD = """
[profile]
name = "county"
title_zh = "某县标准"
title_en = "a county"
document = "county plan"
authority = 2
"""
RULE = """
[[rule]]
id = "C-1"
kind = "area_ratio"
types = ["service_centre"]
figure = 28
unit = "m2/100hh"
strength = "hard"
status = "verified"
clause = "7"
key_phrase = "每百户不低于28平方米"
"""


def write(tmp_path, text):
    path = tmp_path / "标准 一.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_a_planners_own_profile(tmp_path):
    profile = read_profile(write(tmp_path, HEAD + '[profile.defaults]\nresettlement = "yes"\n' + RULE))
    (rule,) = profile.rules
    assert (rule.profile, rule.document, rule.resettlement, rule.figure) == ("county", "county plan", "yes", 28)
    assert profile.authority == 2


def test_reads_lists_and_flags(tmp_path):
    rules = RULE.replace('"area_ratio"', '"acquisition"').replace('figure = 28\nunit = "m2/100hh"\n', "")
    more = (
        rules
        + 'modes = ["extend"]\nstanding = true\n'
        + rules.replace("C-1", "C-2").replace("acquisition", "separation")
    )
    (first, second) = read_profile(
        write(tmp_path, HEAD + more + 'apart_from = ["dwellings", "exclusion:水库"]\n')
    ).rules
    assert (first.modes, first.standing, first.modelled) == (("extend",), True, True)
    assert (second.apart_from, second.modelled) == (("dwellings", "exclusion:水库"), False)


def test_byte_order_mark_is_read(tmp_path):
    path = write(tmp_path, "")
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + RULE).encode())
    assert read_profile(path).name == "county"


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        (HEAD + RULE.replace("figure =", "figur ="), "unknown key figur", "figure"),
        (HEAD.replace("authority", "autority") + RULE, "unknown key profile.autority", "authority"),
        (HEAD + "[profile.defaults]\nsettings = 'urban'\n", "unknown key profile.defaults.settings", "setting"),
        (HEAD + RULE + "size = { metric = 'people', mn = 3 }\n", "unknown key size.mn", "min"),
        (HEAD + RULE.replace("[[rule]]", "[[rules]]"), "unknown key rules", "rule"),
        (HEAD + RULE.replace("28\n", '"28"\n', 1), "key figure cannot be used", "number"),
        (HEAD + RULE.replace('["service_centre"]', '"service_centre"'), "key types cannot be used", "list"),
        (HEAD + RULE.replace('kind = "area_ratio"\n', ""), "key kind cannot be used", "missing"),
        (HEAD + RULE + 'standing = "yes"\n', "key standing cannot be used", "true or false"),
        (HEAD + RULE + 'modes = "buy"\n', "key modes cannot be used", "list"),
        (HEAD + RULE + "mode = ['buy']\n", "unknown key mode", "modes"),
        (HEAD + RULE + "modes = ['buy']\n", "area_ratio takes no modes", "acquisition"),
        (HEAD + RULE.replace("m2/100hh", "m2/100"), "unknown unit 'm2/100'", "m2/100hh"),
        (HEAD + RULE.replace('clause = "7"\n', ""), "no source", "clause"),
        (HEAD + RULE + RULE, "two rules have the same id", "C-1"),
        (RULE, "key profile cannot be used", "missing"),
        ("[profile", "cannot be read as TOML", "UTF-8"),
    ],
)
def test_a_bad_profile_is_refused_naming_the_file(tmp_path, text, problem, remedy):
    path = write(tmp_path, text)
    with pytest.raises(StandardsError) as error:
        read_profile(path)
    assert problem in error.value.problem
    assert remedy in error.value.remedy
    assert error.value.path == str(path)
    assert error.value.exit_code == 3


def test_a_refused_rule_is_named(tmp_path):
    with pytest.raises(StandardsError) as error:
        read_profile(write(tmp_path, HEAD + RULE.replace("figure = 28", "figure = nan")))
    assert error.value.row == "rule C-1"


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "gbk.toml"
    path.write_bytes((HEAD + RULE).encode("gb18030"))
    with pytest.raises(StandardsError, match="UTF-8"):
        read_profile(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StandardsError, match="no such file"):
        read_profile(tmp_path / "none.toml")
