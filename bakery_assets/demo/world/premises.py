"""Premises: what all who work in a demo bakery share: its clock and agenda, the house, what is reported about it, the
records.

Who does what there is in ``kitchen``, ``storeroom`` and ``shop``.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count

import numpy as np

from bakery_assets.demo.catalogue import Bakery
from bakery_assets.demo.days import random_generator
from bakery_assets.demo.world.house import MAIN, House, Item
from bakery_assets.demo.world.records import Records
from bakery_assets.demo.world.reported import Reported
from bakery_assets.local_time import local_date, to_instant


@dataclass(frozen=True)
class Trouble:
    """Something that should not have been: what, on which day, with which item."""

    what: str
    day: date
    item_id: str
    detail: str
    ingredients: frozenset[str] = frozenset()


@dataclass
class Premises:
    """One bakery's house, and what is to happen in it; ``now`` goes on by ``live_until``."""

    bakery: Bakery
    seed: int
    now: datetime
    house: House = field(default_factory=House)
    troubles: list[Trouble] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records = Records(self.bakery.tenant.tenant_id)
        self.reported = Reported(self.bakery, self.now)
        self._turns = count()
        self._agenda: list[tuple[datetime, int, int, Callable[[], None]]] = []

    def live_until(self, instant: datetime) -> None:
        """Let everything happen that happens by an instant."""
        while self._agenda and self._agenda[0][0] <= instant:
            self.now, _, _, act = heapq.heappop(self._agenda)
            act()
        self.now = max(self.now, instant)

    def do(self, at: datetime, act: Callable[[], None], rank: int = 5) -> None:
        """Have something done at an instant; of one instant what has the smaller rank comes first."""
        heapq.heappush(self._agenda, (at, rank, next(self._turns), act))

    def at(self, day: date, clock: time, minutes: int = 0) -> datetime:
        """The instant of a wall time here."""
        return to_instant(day, clock, self.bakery.tenant.timezone) + timedelta(minutes=minutes)

    def day_of(self, instant: datetime) -> date:
        """The local day of an instant."""
        return local_date(instant, self.bakery.tenant.timezone)

    def dice(self, *names: str) -> np.random.Generator:
        """Chance that is the same whenever the same thing is decided with the same seed."""
        return random_generator(self.seed, self.bakery.tenant.tenant_id, "world", *names)

    def lose(self, item: Item, quantity: float) -> None:
        """Lose a quantity without anybody knowing."""
        self.house.take("lost", MAIN, item, quantity)

    def trouble(self, what: str, day: date, item_id: str, detail: str, ingredients: Iterable[str] = ()) -> None:
        """Note something that should not have been."""
        self.troubles.append(Trouble(what, day, item_id, detail, frozenset(ingredients)))
