import pytest
from audited_plan import make_plan, write_study

from siteplan.plans.plan import Plan


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_plan(write_study(tmp_path_factory.mktemp("县 城")))
