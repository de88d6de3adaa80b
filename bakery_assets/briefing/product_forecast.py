"""The data of one product's forecast as a person reads it: what sold, what will sell and why, how it went."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

import dataframely as dy

from bakery_assets.schemas import ops, plans

HISTORY_WEEKS = 6  # whole weeks of sales before the plan date's own
CHECKED_DAYS = 28  # days before the plan date whose validation is read


class ProductFrames(TypedDict):
    """Frames of one product of one tenant.

    ``demand_forecasts`` are those of the plan, ``sales`` the last version of each day and shop from ``HISTORY_WEEKS``
    before the plan date's week on, ``validation_results`` the last check of each of the last ``CHECKED_DAYS`` days.
    """

    locations: dy.DataFrame[ops.Locations]
    sales: dy.DataFrame[ops.Sales]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    validation_results: dy.DataFrame[plans.ValidationResults]


@dataclass(frozen=True)
class ProductForecast:
    """One product's forecast by one plan.

    Attributes:
        planned_as_of: what was known when it was made; None: the day has no plan.
    """

    bakery: str
    timezone: str
    product_id: str
    name: str
    unit: str
    plan_date: date
    planned_as_of: datetime | None
    frames: ProductFrames

    @property
    def planned_at(self) -> datetime | None:
        """``planned_as_of`` on the bakery's own clock."""
        return self.planned_as_of and self.planned_as_of.astimezone(ZoneInfo(self.timezone))
