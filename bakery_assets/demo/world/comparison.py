"""Comparison: how far the book of a published plan is from the house, and whether what was promised of plans holds.

The book is read from what a plan published: the balance it began with, and its movements. It is held against the house,
and against what people have reported about it (``reported``): that has nothing of the book, so that it hides no error
of it, and lives through the same days with what was written down by then. What lies between the two no book can know:
what went unseen since the last count, and what is not written down yet. The rest is the book's own error.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from bakery_assets.demo.world.house import Item
from bakery_assets.demo.world.life import Look
from bakery_assets.demo.world.premises import Trouble

Alerts = Mapping[date, Collection[tuple[str, str]]]  # by plan date: kind, and product or ingredient


@dataclass(frozen=True)
class Difference:
    """Book less house of an item at a planning instant, in its unit.

    ``lost`` is what is reported to be there and is not, below 0 where more is there than is reported; ``error`` is the
    rest, the book's own.
    """

    plan_date: date
    item: Item
    book: float
    house: float
    lost: float
    lost_a_day: float

    @property
    def error(self) -> float:
        """Book less what is reported to be there."""
        return self.book - self.house - self.lost

    @property
    def days_of_loss(self) -> float:
        """The whole difference in days of the usual loss."""
        return abs(self.book - self.house) / self.lost_a_day

    @property
    def error_days(self) -> float:
        """The book's own error in days of the usual loss."""
        return abs(self.error) / self.lost_a_day


@dataclass(frozen=True)
class Verdict:
    """How a bakery's days went."""

    tenant_id: str
    days: int
    batches: int
    widest: Difference | None
    worst: Difference | None
    troubles: tuple[Trouble, ...]
    unannounced: tuple[Trouble, ...]
    broken: tuple[str, ...] = field(default=())

    def count(self, what: str) -> int:
        """Troubles of a kind."""
        return sum(each.what == what for each in self.troubles)


def book_of(balances: pl.DataFrame, movements: pl.DataFrame) -> dict[Item, float]:
    """Stock by item at the planning instant of one cell: the balance that it keeps, and what has moved since.

    Args:
        balances: its rows of ``plans.stock_closing_balances``, none where its ledger begins later.
        movements: its rows of ``plans.stock_movements``, without those expected after that instant.
    """
    kinds = ("product", "intermediate", "ingredient")
    book: dict[Item, float] = {}
    for text in balances["lots"]:
        lots = pl.Series([text]).str.json_decode(
            pl.Struct({"kind": pl.List(pl.Int64), "item": pl.List(pl.String), "quantity": pl.List(pl.Float64)})
        )[0]
        for kind, item_id, quantity in zip(lots["kind"], lots["item"], lots["quantity"], strict=True):
            item = Item(kinds[kind], item_id)
            book[item] = book.get(item, 0.0) + quantity
    moved = movements.group_by("item_kind", "item_id").agg(pl.col("quantity").sum())
    for kind, item_id, quantity in moved.iter_rows():
        item = Item(kind, item_id)
        book[item] = book.get(item, 0.0) + quantity
    return book


def differences(plan_date: date, book: Mapping[Item, float], look: Look) -> list[Difference]:
    """Every ingredient, and every product unless a till has still to report: the book cannot know what it sold."""
    return [
        Difference(plan_date, item, book.get(item, 0.0), look.stock.get(item, 0.0), look.lost.get(item, 0.0),
                   a_day)
        for item, a_day in sorted(look.lost_a_day.items())
        if item.kind == "ingredient" or look.is_sold_reported
    ]  # fmt: skip


def verdict(
    tenant_id: str,
    days: int,
    batches: int,
    found: Collection[Difference],
    troubles: Iterable[Trouble],
    alerts: Alerts,
) -> Verdict:
    """What does not hold: errors of a day's loss, a batch that began and was begun again, an unreported lack."""
    troubles = tuple(troubles)
    unannounced = tuple(
        each
        for each in troubles
        if each.what in ("not_ready", "short_of_ingredients") and not _is_reported(each, alerts)
    )
    wrong = [each for each in found if each.error_days >= 1]
    broken = [
        f"{tenant_id} {each.plan_date} {each.item.item_id}: the book has {each.book:.3f}, the house {each.house:.3f},"
        f" and {each.house + each.lost:.3f} is reported to be there: an error of {each.error_days:.1f} days' loss"
        for each in _first_of_each(wrong)
    ]
    broken += [
        f"{tenant_id} {each.day} {each.item_id}: {each.what.replace('_', ' ')}, {each.detail}"
        for each in troubles
        if each.what == "restarted" or each in unannounced
    ]
    return Verdict(
        tenant_id,
        days,
        batches,
        max(found, key=lambda each: each.days_of_loss, default=None),
        max(found, key=lambda each: each.error_days, default=None),
        troubles,
        unannounced,
        tuple(broken),
    )


def _is_reported(trouble: Trouble, alerts: Alerts) -> bool:
    """Whether an alert of the day, or of the days before it on which doughs are begun, says why."""
    subjects = {("not_ready", trouble.item_id)} if trouble.what == "not_ready" else set[tuple[str, str]]()
    subjects |= {("shortage", name) for name in trouble.ingredients}
    return any(subjects.intersection(alerts.get(trouble.day - timedelta(days=back), ())) for back in range(3))


def _first_of_each(wrong: Iterable[Difference]) -> list[Difference]:
    first: dict[Item, Difference] = {}
    for each in wrong:
        first.setdefault(each.item, each)
    return list(first.values())
