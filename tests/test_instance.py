"""How many days the grid of partitions has."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bakery_assets.instance import grid_start
from bakery_assets.partitions import date_partitions

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("tenants", "days"), [(0, 400), (8, 400), (1_000, 100), (2_500, 40), (10_000, 10), (50_000, 8)]
)
def test_the_grid_has_a_hundred_thousand_cells_and_eight_to_four_hundred_days(tenants: int, days: int) -> None:
    shown = date_partitions.get_partition_keys(current_time=datetime(2026, 11, 28, 12, tzinfo=UTC))
    last = date.fromisoformat(shown[-1])
    assert (last - grid_start(tenants, TODAY)).days + 1 == days
    assert last == TODAY + timedelta(days=3), "tomorrow is planned in the evening, and begins first in the far east"
