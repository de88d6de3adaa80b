"""Plans of random bakeries, checked by verifiers that share nothing with the planners."""

from hypothesis import HealthCheck, given, settings

from tests.cases.random_bakeries import Rows, bakeries, planned
from tests.cases.verifiers import (
    verify_inventory,
    verify_procurement,
    verify_production,
    verify_requirements,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=bakeries())
def test_the_plan_of_any_bakery_holds(facts: Rows) -> None:
    tables = planned(facts)
    verify_production(facts, tables)
    verify_requirements(facts, tables)
    verify_procurement(facts, tables)
    verify_inventory(facts, tables)
