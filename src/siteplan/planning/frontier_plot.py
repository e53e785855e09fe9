"""A frontier as a picture: cost against coverage."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.errors import DataError, UsageError
from siteplan.messages import _, language, translate

if TYPE_CHECKING:
    from siteplan.planning.frontier_result import Frontier, FrontierPoint

CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
)
"""Fonts that have Chinese; without one of them the picture speaks English."""
ENDINGS = (".png", ".svg", ".pdf")
_BLUE, _RED, _GREY = "#1f5f99", "#b3261e", "#8a8f94"
_WAN = 1e4


def available() -> bool:
    """Tell whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(frontier: Frontier, path: str | Path | None = None) -> Any:
    """Draw ``frontier``; parameters and errors are those of ``Frontier.plot``."""
    if not available():
        raise UsageError(
            _("the picture needs matplotlib: install it with {command}", command="pip install 'siteplan[plot]'")
        )
    target = None if path is None else Path(path)
    if target is not None and target.suffix.lower() not in ENDINGS:
        raise UsageError(_("a picture ends in one of {endings}", endings=", ".join(ENDINGS)))
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    fonts = {font.name for font in font_manager.fontManager.ttflist}
    chinese = [name for name in CHINESE if name in fonts]
    speak = language() if chinese else "en"
    with mpl.rc_context({"font.sans-serif": [*chinese, "DejaVu Sans"], "axes.unicode_minus": False}):
        figure = Figure(figsize=(8.0, 5.0), layout="constrained")
        _paint(figure.subplots(), frontier, speak)
        if target is not None:
            _save(figure, target)
    return figure


def _paint(axes: Any, frontier: Frontier, speak: str) -> None:
    """Paint the points, what is dropped, and the words."""
    free = frontier if frontier.free is None else frontier.free
    _steps(axes, free.points, _BLUE, translate("plan of a budget", speak))
    if frontier.free is not None:
        _steps(axes, frontier.points, _RED, translate("nested plans", speak))
    if frontier.dropped:
        x, y = _places([dropped.point for dropped in frontier.dropped])
        axes.scatter(x, y, marker="x", color=_GREY, label=translate("dominated", speak))
    unproven = [point for point in (*free.points, *frontier.points) if not point.plan.proven]
    if unproven:
        x, y = _places(unproven)
        axes.scatter(
            x, y, s=130, facecolors="none", edgecolors=_GREY, label=translate("not proven: see the gap", speak)
        )
    axes.set_xlabel(translate("cost, 10,000 yuan", speak))
    axes.set_ylabel(translate("share of what households are to reach, %", speak))
    axes.grid(visible=True, color="#e3e6e8")
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", frameon=False)


def _places(points: Any) -> tuple[list[float], list[float]]:
    return [point.cost_yuan / _WAN for point in points], [100.0 * point.coverage for point in points]


def _steps(axes: Any, points: tuple[FrontierPoint, ...], colour: str, label: str) -> None:
    """Paint points joined by steps: between two of them the plan is that of the lower one, or not known."""
    x, y = _places(points)
    axes.step(x, y, where="post", color=colour, linewidth=1.2, alpha=0.6)
    axes.scatter(x, y, color=colour, label=label, zorder=3)


def _save(figure: Any, target: Path) -> None:
    """Write the picture under another name and move it into place."""
    draft = target.with_name(f".{target.stem}.draft{target.suffix}")
    try:
        figure.savefig(draft, dpi=150)
        draft.replace(target)
    except OSError as error:
        raise DataError(
            _("the picture cannot be written: {why}", why=error.strerror or type(error).__name__),
            remedy=_("check that the folder is there and can be written to"),
            path=target,
        ) from error
    finally:
        draft.unlink(missing_ok=True)
