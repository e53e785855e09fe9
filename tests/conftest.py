"""What all tests share: why tests were skipped is printed last, and CI fails on a skip that the machine should not need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["SITEPLAN_LANG"] = "en"
"""Tests read the program's words; those of Chinese ask for it by themselves."""

settings.register_profile("ci", derandomize=True)
if os.environ.get("SITEPLAN_NO_SKIPS"):  # the same examples every time: what lands is what was tested
    settings.load_profile("ci")

pytest.register_assert_rewrite("joint_oracle", "tiny_study", "real_jobs")

AVOIDABLE = ("chromium missing", "PostgreSQL missing", "SITEPLAN_DATA")
"""Reasons of skips that continuous integration does not accept; see .ci/run."""

_skips: dict[str, list[str]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        _skips.setdefault(reason, []).append(report.nodeid)


def _refused() -> list[str]:
    if not os.environ.get("SITEPLAN_NO_SKIPS"):
        return []
    data = bool(os.environ.get("SITEPLAN_DATA"))
    return [r for r in _skips if any(word in r for word in AVOIDABLE if word != "SITEPLAN_DATA" or data)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _refused() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, tests in sorted(_skips.items()):
        terminalreporter.write_line(f"not run ({len(tests)}): {reason}")
    for reason in _refused():
        terminalreporter.write_line(f"refused here: {reason}", red=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that SITEPLAN_DATA names."""
    folder = os.environ.get("SITEPLAN_DATA")
    if not folder:
        pytest.skip("SITEPLAN_DATA is not set: tests on the real data beside the repository are not run")
    return Path(folder)
