"""Work: what a batch takes of what is bought, and when its doughs are begun, as the bakery's own recipes say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bakery_assets.demo.catalogue import WATER, Bakery
from bakery_assets.demo.days import is_open
from bakery_assets.local_time import to_instant

Needs = Mapping[str, float]


@dataclass(frozen=True)
class PlannedBatch:
    """A batch as a published plan has it."""

    batch_number: str
    schedule_date: date
    product_id: str
    quantity: float
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True)
class ProposedOrder:
    """An order that a published plan proposes."""

    ingredient_id: str
    supplier_id: str
    quantity: float
    order_by: datetime
    deliver_on: date


@dataclass(frozen=True)
class Plan:
    """A published plan, as people in the bakery read it: batches of its day and previews, orders."""

    plan_date: date
    planned_as_of: datetime
    published_at: datetime
    batches: tuple[PlannedBatch, ...]
    orders: tuple[ProposedOrder, ...]


@dataclass(frozen=True)
class Taken:
    """What a step of a batch took: ``whole`` is what it would take for the whole batch."""

    at: datetime
    ingredient_id: str
    quantity: float
    whole: float


@dataclass
class Job:
    """A batch in work.

    ``share`` of it can be made of what was there; ``taken`` is what it took so far.
    """

    batch: PlannedBatch
    share: float = 1.0
    taken: list[Taken] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    is_begun: bool = False
    is_over: bool = False

    @property
    def most(self) -> int:
        """Whole pieces that can be made of what was there."""
        return math.floor(self.batch.quantity * self.share + 1e-6)


def steps(bakery: Bakery, batch: PlannedBatch) -> dict[datetime, dict[str, float]]:
    """When a batch takes how much of which ingredients, in their units: its doughs first, itself last.

    A dough is begun at the batch's time of day, its ``make_days`` before the day it is for, or on the last open day
    before that. Work of a night shift is for the day on whose morning it ends.
    """
    zone = bakery.tenant.timezone
    own = batch.start_at.astimezone(ZoneInfo(zone))
    taken: dict[date, dict[str, float]] = {batch.schedule_date: {}}

    def explode(takes: Needs, parts: float, day: date) -> None:
        for item, amount in takes.items():
            kg = amount * parts
            if item in bakery.intermediates:
                mixed = bakery.intermediates[item]
                begun = day - timedelta(days=mixed.make_days)
                while mixed.make_days and not is_open(bakery, begun):
                    begun -= timedelta(days=1)
                explode(mixed.takes, kg / (1 - mixed.loss) / sum(mixed.takes.values()), begun)
            elif item != WATER:
                of_day = taken.setdefault(day, {})
                of_day[item] = of_day.get(item, 0.0) + kg / bakery.ingredients[item].kg_per_unit

    product = bakery.products[batch.product_id]
    explode(product.takes, batch.quantity / (1 - product.loss), batch.schedule_date)
    return {
        to_instant(own.date() - (batch.schedule_date - day), own.time(), zone): needs
        for day, needs in sorted(taken.items())
    }
