"""What a demo bakery is: the form of ``bakeries/*.yaml``, and what follows from a recipe alone.

Weights are kilograms, as a baker weighs; ``kg_per_unit`` turns them into the liters or pieces an
ingredient is bought in. Intermediates are written in parts by weight (doughs: baker's percentages, the
flour is 100), products in kilograms per piece. ``water`` comes from the tap: it weighs, and is not bought.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid")
WATER = "water"
KG_PER_PART = 0.1  # an intermediate is written down for ten kilograms of flour
MAKING_SHARE = 0.22  # of the price: the labour and energy that one more piece takes
FOLDER = Path(__file__).parent / "bakeries"


class Batch(NamedTuple):
    """Smallest batch, largest batch, multiple; in pieces."""

    smallest: int
    largest: int
    multiple: int


class Offer(NamedTuple):
    """Price per unit of the ingredient in the bakery's currency, and pack size in that unit."""

    price: float
    pack: float


@dataclass(frozen=True, config=STRICT)
class Tenant:
    """The row in ``tenants``."""

    tenant_id: str
    name: str
    timezone: str
    country: str
    currency: str
    tier: str
    planning_time: time | None = None
    region: str | None = None


@dataclass(frozen=True, config=STRICT)
class Climate:
    """Mean temperature, half its swing over the year (both Celsius), share of rainy days."""

    warmest_day: int
    mean_c: float
    swing_c: float
    rainy_share: float


@dataclass(frozen=True, config=STRICT)
class Occasion:
    """A named day and the factor on that day's demand."""

    name: str
    factor: float


@dataclass(frozen=True, config=STRICT)
class Market:
    """An event on the first such weekday of every month."""

    name: str
    weekday: int
    factor: float


@dataclass(frozen=True, config=STRICT)
class Promotion:
    """The offer of the week: one product after another, on the same weekdays every week."""

    name: str
    weekdays: tuple[int, ...]
    products: tuple[str, ...]
    factor: float


@dataclass(frozen=True, config=STRICT)
class StandingCustomer:
    """A large order that comes every week."""

    product: str
    weekday: int
    quantity: int


@dataclass(frozen=True, config=STRICT)
class Trade:
    """When the bakery sells, and what moves its demand."""

    opens: time
    closes: time
    weeks: Mapping[str, tuple[float, float, float, float, float, float, float]]
    climate: Climate
    promotion: Promotion
    standing_customer: StandingCustomer
    closed_weekday: int | None = None
    closed_on: tuple[str, ...] = ()
    holiday_factor: float = 1.15
    eve_factor: float = 1.1
    own_holidays: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, Occasion] = field(default_factory=dict)
    market: Market | None = None
    school_holidays: tuple[tuple[str, str], ...] = ()
    school_factor: float = 0.93


@dataclass(frozen=True, config=STRICT)
class Shift:
    """Somebody works on every day the bakery is open; a night shift begins on the evening before."""

    starts: time
    ends: time
    staff: int


@dataclass(frozen=True, config=STRICT)
class Machine:
    """The row in ``equipment``; capacity in pieces a load, empty: a whole batch."""

    name: str
    kind: str
    capacity: int | None = None


@dataclass(frozen=True, config=STRICT)
class Supplier:
    """The row in ``suppliers``."""

    name: str
    lead_days: int
    delivers: str
    cutoff: time
    minimum: float
    reliability: float


@dataclass(frozen=True, config=STRICT)
class Ingredient:
    """The row in ``ingredients``, and who sells it."""

    name: str
    life: int
    sold_by: Mapping[str, Offer]
    unit: str = "kg"
    kg_per_unit: float = 1.0


@dataclass(frozen=True, config=STRICT)
class Intermediate:
    """A dough, cream or filling, in parts by weight."""

    name: str
    takes: Mapping[str, float]
    loss: float = 0.02
    make_days: int = 0


@dataclass(frozen=True, config=STRICT)
class Product:
    """The row in ``products``, its recipe per piece, its steps in minutes, and how it sells.

    ``sells`` is the mean of an open day in pieces; ``season`` the share by which the warmest week lies above
    the year's mean (negative: a winter product); ``to_order`` is baked on request and never sells out.
    """

    name: str
    category: str
    price: float
    life: int
    batch: Batch
    sells: float
    takes: Mapping[str, float]
    steps: Mapping[str, float]
    week: str = "daily"
    season: float = 0.0
    salvage: float = 0.0
    loss: float = 0.02
    to_order: bool = False
    introduced_days_ago: int | None = None
    discontinued_days_ago: int | None = None


@dataclass(frozen=True, config=STRICT)
class Store:
    """What is special about the stock on the morning of the demo."""

    running_out: str
    expiring: str
    standing_orders: tuple[str, ...]


@dataclass(frozen=True, config=STRICT)
class Bakery:
    """Everything about one demo bakery."""

    tenant: Tenant
    trade: Trade
    store: Store
    shifts: Mapping[str, Shift]
    equipment: Mapping[str, Machine]
    suppliers: Mapping[str, Supplier]
    ingredients: Mapping[str, Ingredient]
    intermediates: Mapping[str, Intermediate]
    products: Mapping[str, Product]

    def ingredients_per_piece(self, product_id: str) -> dict[str, float]:
        """What one good piece takes of every ingredient, losses included, in the ingredients' units."""
        product = self.products[product_id]
        needed: dict[str, float] = {}
        for item, kg in product.takes.items():
            self._explode(item, kg / (1 - product.loss), needed)
        return {item: kg / self.ingredients[item].kg_per_unit for item, kg in needed.items()}

    def unit_cost(self, product_id: str) -> float:
        """Ingredients at the cheapest offer, and a share of the price for making; in the bakery's currency."""
        materials = sum(
            quantity * min(offer.price for offer in self.ingredients[item].sold_by.values())
            for item, quantity in self.ingredients_per_piece(product_id).items()
        )
        return round(materials + MAKING_SHARE * self.products[product_id].price, 2)

    def daily_use(self) -> dict[str, float]:
        """Mean use of every ingredient on an open day, in its unit, by the products that are sold now."""
        use = dict.fromkeys(self.ingredients, 0.0)
        for product_id, product in self.products.items():
            if product.discontinued_days_ago is None:
                for item, quantity in self.ingredients_per_piece(product_id).items():
                    use[item] += quantity * product.sells
        return use

    def _explode(self, item: str, kg: float, needed: dict[str, float]) -> None:
        if item in self.intermediates:
            mixed = self.intermediates[item]
            per_part = kg / (1 - mixed.loss) / sum(mixed.takes.values())
            for part, parts in mixed.takes.items():
                self._explode(part, parts * per_part, needed)
        elif item != WATER:
            needed[item] = needed.get(item, 0.0) + kg


@cache
def demo_bakeries() -> tuple[Bakery, ...]:
    """The demo bakeries, ordered by tenant."""
    form = TypeAdapter(Bakery)
    read = (form.validate_python(yaml.safe_load(path.read_text("utf-8"))) for path in FOLDER.glob("*.yaml"))
    return tuple(sorted(read, key=lambda bakery: bakery.tenant.tenant_id))
