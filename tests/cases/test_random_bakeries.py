"""Plans of random bakeries, checked by verifiers that share nothing with the planners."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.random_bakeries import Rows, bakeries, planned
from tests.cases.verifiers import (
    verify_inventory,
    verify_procurement,
    verify_production,
    verify_requirements,
)


# Several bakeries to an example: planning four takes hardly longer than planning one.
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.tuples(*[bakeries()] * 4))
def test_the_plan_of_any_bakery_holds(drawn: tuple[Rows, ...]) -> None:
    for facts, tables in zip(drawn, planned(*drawn), strict=True):
        verify_production(facts, tables)
        verify_requirements(facts, tables)
        verify_procurement(facts, tables)
        verify_inventory(facts, tables)
