"""siteplan: facility siting for planners, from layers and standards to a proven, audited plan and an offline map."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siteplan.access.matrix import CostMatrix
    from siteplan.auditing.audit import Audit, audit
    from siteplan.demo.synthetic import write_demo
    from siteplan.errors import DataError, SiteplanError, UsageError
    from siteplan.messages import set_language
    from siteplan.outputs.map import build_map as to_map
    from siteplan.planning.classic import lscp, lscp_backup, mclp, p_center, p_dispersion, p_median
    from siteplan.planning.classic_capacitated import capacitated_lscp, capacitated_mclp, capacitated_p_median
    from siteplan.planning.explaining.explain import explain
    from siteplan.planning.explaining.explanation import Explanation
    from siteplan.planning.frontier import frontier
    from siteplan.planning.frontier_result import Frontier
    from siteplan.planning.new_study import new_study
    from siteplan.planning.resolve import resolve
    from siteplan.planning.solve import default_scenario, solve
    from siteplan.plans.compare import Comparison, compare
    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Fund, Phase, Scenario
    from siteplan.plans.store import read_plan, write_plan
    from siteplan.standards.library import Standards, load_standards
    from siteplan.standards.rule import Rule
    from siteplan.study.check import check
    from siteplan.study.study import Study, open_study

_HOMES = {
    "Audit": "siteplan.auditing.audit",
    "Comparison": "siteplan.plans.compare",
    "CostMatrix": "siteplan.access.matrix",
    "DataError": "siteplan.errors",
    "Explanation": "siteplan.planning.explaining.explanation",
    "Frontier": "siteplan.planning.frontier_result",
    "Fund": "siteplan.plans.scenario",
    "Phase": "siteplan.plans.scenario",
    "Plan": "siteplan.plans.plan",
    "Rule": "siteplan.standards.rule",
    "Scenario": "siteplan.plans.scenario",
    "SiteplanError": "siteplan.errors",
    "Standards": "siteplan.standards.library",
    "Study": "siteplan.study.study",
    "UsageError": "siteplan.errors",
    "audit": "siteplan.auditing.audit",
    "capacitated_lscp": "siteplan.planning.classic_capacitated",
    "capacitated_mclp": "siteplan.planning.classic_capacitated",
    "capacitated_p_median": "siteplan.planning.classic_capacitated",
    "check": "siteplan.study.check",
    "compare": "siteplan.plans.compare",
    "default_scenario": "siteplan.planning.solve",
    "explain": "siteplan.planning.explaining.explain",
    "frontier": "siteplan.planning.frontier",
    "load_standards": "siteplan.standards.library",
    "lscp": "siteplan.planning.classic",
    "lscp_backup": "siteplan.planning.classic",
    "mclp": "siteplan.planning.classic",
    "new_study": "siteplan.planning.new_study",
    "open_study": "siteplan.study.study",
    "p_center": "siteplan.planning.classic",
    "p_dispersion": "siteplan.planning.classic",
    "p_median": "siteplan.planning.classic",
    "read_plan": "siteplan.plans.store",
    "resolve": "siteplan.planning.resolve",
    "set_language": "siteplan.messages",
    "solve": "siteplan.planning.solve",
    "to_map": "siteplan.outputs.map",
    "write_demo": "siteplan.demo.synthetic",
    "write_plan": "siteplan.plans.store",
}
_NAMES = {"to_map": "build_map"}

__all__ = [
    "Audit",
    "Comparison",
    "CostMatrix",
    "DataError",
    "Explanation",
    "Frontier",
    "Fund",
    "Phase",
    "Plan",
    "Rule",
    "Scenario",
    "SiteplanError",
    "Standards",
    "Study",
    "UsageError",
    "audit",
    "capacitated_lscp",
    "capacitated_mclp",
    "capacitated_p_median",
    "check",
    "compare",
    "default_scenario",
    "explain",
    "frontier",
    "load_standards",
    "lscp",
    "lscp_backup",
    "mclp",
    "new_study",
    "open_study",
    "p_center",
    "p_dispersion",
    "p_median",
    "read_plan",
    "resolve",
    "set_language",
    "solve",
    "to_map",
    "write_demo",
    "write_plan",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: geopandas alone takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module 'siteplan' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), _NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
