"""Ask OpenStreetMap's servers through osmnx: cached, again after a pause where they are busy, and never more than what was asked of them.

osmnx alone waits 55 s and asks again without end where a server is busy, takes what a server had when it stopped for an answer, and leaves the
look-up of names of the whole process changed.
"""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Answer = TypeVar("Answer")

PAUSES_S = (2.0, 8.0, 30.0)
"""Seconds before a server that is busy or does not answer is asked again; it is asked once more than there are pauses."""

LONGEST_PAUSE_S = 120.0
"""Seconds: a server that asks for a longer pause (Retry-After) is given up."""

_BUSY = (429, 500, 502, 503, 504)
"""429: too many requests; 5xx: the server, or one before it, is overloaded or fails."""

_REMARK = b'"remark"'
_END = 4096


class _Unanswered(Exception):  # noqa: N818 - it never leaves this file
    """A server answered with something that is not what was asked for.

    Parameters
    ----------
    why : str
        What it said.
    again : bool
        Whether asking again may help.
    pause_s : float
        Seconds that the server asks to wait; 0: it does not say.
    """

    def __init__(self, why: str, *, again: bool, pause_s: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.again = again
        self.pause_s = pause_s


def ask(
    name: str, question: Callable[[], Answer], folder: Path, urls: dict[str, str], tell: Callable[[str], None]
) -> Answer:
    """Ask a question of osmnx.

    Parameters
    ----------
    name : str
        Of the place, for errors.
    question : callable
        Calls osmnx.
    folder : Path
        Where answers are kept; what is there is not asked again.
    urls : dict
        Servers other than the public ones, by osmnx's setting.
    tell : callable
        Called with a line of text before each pause.

    Raises
    ------
    DataError
        If there is no network, a server does not answer after all pauses, or its answer is none or not whole.
    """
    from requests.exceptions import RequestException

    pauses = iter(PAUSES_S)
    while True:
        try:
            with _settings(folder, urls):
                return question()
        except json.JSONDecodeError as error:
            if not _without_broken(folder):
                raise _refused(name, _("an answer that is no map data")) from error
        except _Unanswered as error:
            pause = next(pauses, None)
            if pause is None or not error.again or error.pause_s > LONGEST_PAUSE_S:
                raise _refused(name, error.why) from error
            _wait(max(pause, error.pause_s), error.why, tell)
        except (RequestException, OSError) as error:
            pause = next(pauses, None)
            if _offline(error):
                raise _no_network(name) from error
            if pause is None:
                raise _refused(name, _("no answer ({kind})", kind=type(error).__name__)) from error
            _wait(pause, _("no answer ({kind})", kind=type(error).__name__), tell)


def _wait(seconds: float, why: str, tell: Callable[[str], None]) -> None:
    tell(_("OpenStreetMap's server: {why}; asked again in {n} s", why=why, n=f"{seconds:.0f}"))
    time.sleep(seconds)


def _no_network(name: str) -> DataError:
    return DataError(
        _("there is no network: the map of {name} cannot be fetched", name=name),
        remedy=_("connect to the internet, or use --from-osm with a downloaded extract, which needs no network"),
    )


def _refused(name: str, why: str) -> DataError:
    return DataError(
        _("the network gave no map of {name} ({reason})", name=name, reason=why),
        remedy=_("try again later, or use --from-osm with a downloaded extract, which needs no network"),
    )


def _offline(error: BaseException | None) -> bool:
    """Tell whether an error means that no server at all can be found: its name is not known, or no network leads there."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, socket.gaierror) or "NameResolution" in type(one).__name__:
            return True
        if isinstance(one, OSError) and one.errno in {101, 113}:  # network, host unreachable
            return True
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
        waiting += [arg for arg in one.args if isinstance(arg, BaseException)]
    return False


def _look_at(response: Any, *_more: Any, **_even_more: Any) -> None:
    """Refuse an answer before osmnx sees it: a busy server, one that refuses, a web page, or map data that end too early."""
    code = int(response.status_code)
    if code in _BUSY:
        asked = str(response.headers.get("Retry-After", ""))
        why = _("it is busy ({code})", code=code)
        raise _Unanswered(why, again=True, pause_s=float(asked) if asked.isdigit() else 0.0)
    if not response.ok:
        raise _Unanswered(_("it refuses ({code})", code=code), again=False)
    body: bytes = response.content
    if body.lstrip()[:1] not in {b"{", b"["}:
        raise _Unanswered(_("a web page instead of map data: does the network ask for a login?"), again=False)
    if _REMARK in body[-_END:]:
        remark = json.loads(body).get("remark", "")
        if remark:
            raise _Unanswered(_("it stopped before it had everything: {remark}", remark=remark), again=False)


def _without_broken(folder: Path) -> bool:
    """Take away answers in the cache that are cut off; tell whether there was one."""
    broken = []
    for path in folder.glob("*.json"):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            broken.append(path)
    for path in broken:
        path.unlink()
    return bool(broken)


@contextmanager
def _settings(folder: Path, urls: dict[str, str]) -> Iterator[None]:
    """Set osmnx for one fetch: cached, silent, without DNS over HTTPS and without its own waiting; then put everything back."""
    from osmnx import settings

    wanted: dict[str, Any] = {
        "use_cache": True,
        "cache_folder": folder,
        "doh_url_template": None,
        "log_console": False,
        "log_file": False,
        "overpass_rate_limit": False,  # the pauses here do what it is for, and end
        "requests_kwargs": {"hooks": {"response": _look_at}},
        **urls,
    }
    before = {key: getattr(settings, key) for key in wanted}
    look_up = socket.getaddrinfo
    try:
        for key, value in wanted.items():
            setattr(settings, key, value)
        yield
    finally:
        socket.getaddrinfo = look_up
        for key, value in before.items():
            setattr(settings, key, value)
