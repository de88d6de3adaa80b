"""Plans of random bakeries, checked by verifiers that share nothing with the planners.

A dozen in the suite; ``BAKERY_RANDOM_BAKERIES=200 pytest --hypothesis-seed=1 tests/cases/test_random_bakeries.py`` plans
more, the same ones for the same seed.
"""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.random_bakeries import Rows, bakeries, planned
from tests.cases.verifiers import (
    verify_inventory,
    verify_procurement,
    verify_production,
    verify_requirements,
)


IN_ONE_CALL = 4  # planning four takes hardly longer than planning one
BAKERIES = int(os.environ.get("BAKERY_RANDOM_BAKERIES", 3 * IN_ONE_CALL))


@settings(max_examples=-(-BAKERIES // IN_ONE_CALL), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.tuples(*[bakeries()] * IN_ONE_CALL))
def test_the_plan_of_any_bakery_holds(drawn: tuple[Rows, ...]) -> None:
    for facts, tables in zip(drawn, planned(*drawn), strict=True):
        verify_production(facts, tables)
        verify_requirements(facts, tables)
        verify_procurement(facts, tables)
        verify_inventory(facts, tables)
