"""The catalogues are whole, and the program speaks the language that is asked for."""

from __future__ import annotations

import io
import os
import re
import string
import subprocess
import sys
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po

from siteplan.cli.progress import progress_bar
from siteplan.messages import _, language, set_language, system_language, translate, word
from siteplan.messages.collect import MO, PO, compiled, marked, merged, progressing, template, words, written

if TYPE_CHECKING:
    from pathlib import Path

    from babel.messages.catalog import Catalog, Message

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ADVICE = "run python -m siteplan.messages.collect, and translate what is new"


@cache
def chinese() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN")


@cache
def english() -> Catalog:
    return template()


def texts(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def keys(catalogue: Catalog) -> set[tuple[object, object]]:
    return {(message.context, message.id) for message in texts(catalogue)}


def holes(text: str) -> list[tuple[str, str, str]]:
    return sorted(
        {(name, spec or "", how or "") for _text, name, spec, how in string.Formatter().parse(text) if name is not None}
    )


def test_the_catalogue_has_every_text_of_the_program() -> None:
    missing = sorted(map(str, keys(english()) - keys(chinese())))
    assert not missing, f"{ADVICE}: {missing}"


def test_the_catalogue_has_no_dead_texts() -> None:
    dead = sorted(map(str, keys(chinese()) - keys(english())))
    assert not dead, f"{ADVICE}: {dead}"
    assert not chinese().obsolete


def test_every_text_is_translated() -> None:
    bare = [message.id for message in texts(chinese()) if not message.string or not all(message.string)]
    assert not bare, bare
    assert not [message.id for message in texts(chinese()) if message.fuzzy]


def test_placeholders_are_those_of_the_english_text() -> None:
    for message in texts(chinese()):
        if isinstance(message.id, str):
            assert holes(message.string) == holes(message.id), message.id
        else:
            known = [hole for form in message.id for hole in holes(form)]
            assert set(holes(message.string[0])) <= set(known), message.id


def test_option_names_and_file_names_stay_as_they_are() -> None:
    code = re.compile(r"--[a-z-]+|\[layers\.[a-z{}]+\]|study\.toml|[a-z_]+ = \[|EPSG:\d+|\.[a-z]+\.pbf")
    for message in texts(chinese()):
        if isinstance(message.id, str):
            for name in code.findall(message.id):
                assert name in message.string, (name, message.string)


def test_only_codes_and_names_have_no_chinese() -> None:
    latin = {message.id for message in texts(chinese()) if not CHINESE.search("".join(message.string))}
    marks = re.compile(r"\{[^}]*\}|->")  # places for what is told, and marks between them
    words = {text for text in latin if re.search(r"[A-Za-z]", marks.sub("", text))}
    assert words == set(), words


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    assert MO.read_bytes() == compiled(chinese())


def test_collecting_again_changes_nothing() -> None:
    assert written(merged()) == PO.read_bytes()


def test_texts_inside_f_strings_and_marked_ones_are_collected() -> None:
    found = marked()
    assert "What to do" in found
    assert "every hard rule is met" in found
    assert "{n} buildings say no {what} and lie in none, and belong to the nearest, {metres} m away at most" in found


def test_claims_with_a_hole_in_their_name_are_collected() -> None:
    claims = words()["claim"]
    assert {"unmet list", "households by site_id", "people of building", "elderly of community", "cost"} <= set(claims)


def test_words_of_progress_are_collected() -> None:
    assert {"components", "explain"} <= set(progressing())


def test_progress_told_from_another_thread_speaks_the_language_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    for name, value in {"TERM": "xterm", "SITEPLAN_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    set_language("zh")
    try:
        with progress_bar() as show:
            assert show is not None
            teller = Thread(target=show, args=("cost", 1, 2))
            teller.start()
            teller.join()
    finally:
        set_language(None)
    assert "费用" in shown.getvalue()


def test_values_may_have_any_name() -> None:
    set_language("en")
    assert _("{message} in {lang}", message="a", lang="b") == "a in b"
    assert translate("{message} in {lang}", "zh", message="a", lang="b") == "a in b"


def test_an_empty_text_stays_empty() -> None:
    set_language("zh")
    try:
        assert _("") == ""
        assert word("unit", "") == ""
        assert translate("", "zh") == ""
    finally:
        set_language(None)


def test_one_word_may_mean_two_things() -> None:
    set_language("zh")
    try:
        assert word("unit", "households") == "户"
        assert word("size", "households") == "户数"
        assert word("unit", "nothing siteplan knows") == "nothing siteplan knows"
    finally:
        set_language(None)


def test_unknown_languages_are_refused() -> None:
    set_language("en")
    with pytest.raises(ValueError, match="en, zh"):
        set_language("fr")
    assert language() == "en"
    set_language(None)


@pytest.mark.parametrize(
    ("given", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "SITEPLAN_LANG": "en"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fi_FI.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_systems_language(given: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SITEPLAN_LANG", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    assert system_language() == spoken


def siteplan(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program in an environment that says no language but those given."""
    clean = {name: value for name, value in os.environ.items() if name not in {"SITEPLAN_LANG", "LANG", "LANGUAGE"}}
    clean = {name: value for name, value in clean.items() if not name.startswith("LC_")}
    return subprocess.run(
        [sys.executable, "-m", "siteplan", *args],
        env={**clean, **env},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_help_is_chinese_with_clicks_own_words() -> None:
    said = siteplan("--lang", "zh", "--help").stdout
    for text in ("用法：", "选项", "命令", "显示本帮助后退出。", "退出码", "编制方案"):
        assert text in said
    assert not re.search(r"Usage|Options:|Commands|Show ", said)


def test_help_of_every_command_is_chinese() -> None:
    from siteplan.cli.main import cli

    for name in cli.commands:
        said = siteplan("--lang", "zh", name, "--help").stdout
        options = [line for line in said.splitlines() if line.lstrip().startswith("-")]
        assert options, name
        assert not re.search(r"Usage|Options:|Show this|\[default: ", said), said
        assert len(CHINESE.findall(said)) > 20, said


@pytest.mark.parametrize("env", [{"LANG": "zh_CN.UTF-8"}, {"LC_ALL": "zh_CN.UTF-8"}, {"SITEPLAN_LANG": "zh"}])
def test_the_program_speaks_the_systems_language(env: dict[str, str]) -> None:
    assert "用法：" in siteplan("--help", **env).stdout
    assert "Usage:" in siteplan("--lang", "en", "--help", **env).stdout


def test_english_is_spoken_where_nothing_is_said() -> None:
    assert "Usage:" in siteplan("--help", LANG="C").stdout


def test_an_unknown_language_is_a_wrong_use() -> None:
    done = siteplan("--lang", "fr", "standards", LANG="C")
    assert done.returncode == 2
    assert "fr" in done.stderr


def test_an_error_is_chinese_with_its_exit_code(tmp_path: Path) -> None:
    done = siteplan("--lang", "zh", "solve", str(tmp_path / "没有"))
    assert done.returncode == 3
    assert "错误：" in done.stderr
    assert "处理办法：" in done.stderr
    assert "What to do" not in done.stderr


def test_a_wrong_use_is_chinese() -> None:
    done = siteplan("--lang", "zh", "solve", "a", "b", "c")
    assert done.returncode == 2
    assert "多余的参数（b c）" in done.stderr
    assert not re.search(r"Error|Try ", done.stderr)
    assert "缺少参数" in siteplan("--lang", "zh", "solve").stderr


def test_standards_are_chinese() -> None:
    said = siteplan("--lang", "zh", "standards", "-p", "p000").stdout
    for text in ("条款", "适用条件", "核实状态", "配建面积比", "32 平方米/百户", "硬性", "已核实", "安置社区"):
        assert text in said
    for code in ("│ area_ratio", "m2/100hh", "verified", "hard ", "people ["):
        assert code not in said
    assert "适用条件：安置社区、搬迁人口 10000 以上" in siteplan("--lang", "zh", "standards", "show", "S0-02").stdout
    shown = siteplan("--lang", "zh", "standards", "show", "S0-12").stdout
    assert "适用层级：社区" in shown
    assert "指标：32 平方米/百户" in shown
    assert "处理：参与规划" in shown
