"""Closing balances: stock by lot at the start of a past local day, from which later ledgers go on.

A balance holds until a fact is recorded that reaches back before it. What is sold on a day can have needed a dough
begun days before, so a day's facts reach back by the ``make_days`` of the longest chain of recipes: so old are the
balances kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.local_time import with_instants, with_local_times
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.stock.recipes import longest_chains
from bakery_assets.stock.settling import Lots, Promised

DATED = {  # facts that change stock, and the column with the day or instant that they are about
    "sales": "sales_date", "sales_hourly": "sales_date", "waste": "waste_date", "stock_lots": "counted_at",
    "stock_receipts": "received_at", "supplier_returns": "returned_at", "purchase_orders": "expected_to",
    "transfers": "transferred_at", "batch_events": "happened_at", "batch_consumption": "plan_date",
    "plan_versions": "plan_date",
}  # fmt: skip
# Before anything else is known there is no stock.
SAYS_NOTHING_OF_STOCK = ("sales", "sales_hourly", "waste", "supplier_returns")
KINDS = plans.ITEM_KINDS
DAY_SECONDS = 86_400
MOST_CLOSED_DAYS = 14  # before the planning instant, over which a ledger looks back
_LISTS = {
    "kind": pl.List(pl.Int64), "item": pl.List(pl.String), "lot": pl.List(pl.String), "place": pl.List(pl.Int64),
    "quantity": pl.List(pl.Float64), "expires": pl.List(pl.Int64), "age": pl.List(pl.Int64),
}  # fmt: skip
_JSON = pl.Struct(
    {
        **_LISTS, "places": pl.List(pl.String), "begun": pl.List(pl.String), "promised": pl.List(pl.Float64),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Opening:
    """What ledgers begin with.

    Attributes:
        begins: ``tenant_id, begins_on, goes_on``: the first local day whose facts count, and whether its start has a
            closing balance.
        keeps: ``tenant_id, keeps_on, keeps_at, reach_days``: the start of the day whose stock the cell keeps.
        lots: stock at the start of ``begins_on``.
        promised: of it, what intermediates had been begun for.
    """

    begins: pl.DataFrame
    keeps: pl.DataFrame
    lots: dy.DataFrame[Lots]
    promised: dy.DataFrame[Promised]


def opening_of(cells: dy.DataFrame[Cells], inputs: Mapping[str, pl.DataFrame]) -> Opening:
    """The latest balance of each tenant that holds, else nothing from its first fact about stock on.

    A balance does not hold for a cell that may not know what it was made from.
    """
    facts = _dated_facts(cells, inputs)
    keeps = _keeps(cells, inputs)
    candidates = (
        inputs["closing_balances"]
        .join(cells.select("tenant_id", "timezone", as_of="planned_as_of"), on="tenant_id")
        .join(keeps.select("tenant_id", "keeps_on", own_reach="reach_days"), on="tenant_id")
        .filter((pl.col("planned_as_of") <= pl.col("as_of")) & (pl.col("starts_on") <= pl.col("keeps_on")))
        .with_columns(reach=pl.max_horizontal("reach_days", "own_reach"))
    )
    own = ["tenant_id", "plan_date", "starts_on", "planned_as_of", "reach"]
    since = candidates.select(own).join(facts, on="tenant_id")
    touched = since.filter(
        (pl.col("recorded_at") > pl.col("planned_as_of"))
        & (pl.col("date") < pl.col("starts_on") + pl.duration(days=pl.col("reach")))
    )
    holds = (
        candidates.join(touched, on=["tenant_id", "plan_date"], how="anti")
        .sort("tenant_id", "starts_on", "planned_as_of")
        .unique("tenant_id", keep="last", maintain_order=True)
    )
    first = (
        facts.filter(~pl.col("fact").is_in(SAYS_NOTHING_OF_STOCK)).group_by("tenant_id").agg(first=pl.col("date").min())
    )
    begins = (
        cells.select("tenant_id", "plan_date")
        .join(holds.select("tenant_id", "starts_on"), on="tenant_id", how="left")
        .join(first, on="tenant_id", how="left")
        .select(
            "tenant_id",
            begins_on=pl.coalesce("starts_on", pl.min_horizontal("first", "plan_date")),
            goes_on=pl.col("starts_on").is_not_null(),
        )
    )
    return Opening(begins, keeps, *_decoded(holds))


def going_on(cells: dy.DataFrame[Cells], inputs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """``tenant_id`` of those whose ledger goes on from a closing balance; they need no fact from before it.

    Args:
        inputs: as for ``opening_of``; of facts what was recorded since the oldest of the balances is enough.
    """
    return opening_of(cells, inputs).begins.filter("goes_on").select("tenant_id")


def closing_balances(
    cells: pl.DataFrame, lots: dy.DataFrame[Lots], promised: dy.DataFrame[Promised]
) -> dy.DataFrame[plans.StockClosingBalances]:
    """A row for each of ``cells`` (with ``keeps_on, keeps_at, reach_days``), its lots as compact JSON.

    A ledger that begins later has nothing to keep yet. Nor has a bakery that sells past midnight: no instant parts its
    days, so that what a day is taken to have made may lie on both sides.
    """
    cells = cells.filter((pl.col("begins_on") <= pl.col("keeps_on")) & ~pl.col("sells_past_midnight"))
    places = lots.select("tenant_id", "location_id").unique().sort("tenant_id", "location_id")
    places = places.with_columns(place=pl.int_range(pl.len()).over("tenant_id"))
    days = cells.select("tenant_id", "keeps_on", "keeps_at")
    columns = (
        lots.join(places, on=["tenant_id", "location_id"])
        .join(days, on="tenant_id")
        .sort("tenant_id", "item_kind", "item_id", "location_id", "lot_id")
        .group_by("tenant_id", maintain_order=True)
        .agg(
            kind=pl.col("item_kind").replace_strict({kind: n for n, kind in enumerate(KINDS)}, return_dtype=pl.Int64),
            item="item_id",
            lot="lot_id",
            place="place",
            quantity="quantity",
            expires=(pl.col("expires_on") - pl.col("keeps_on")).dt.total_days(),
            age=(pl.col("keeps_at") - pl.col("arrived_at")).dt.total_minutes(),
        )
    )
    named = places.group_by("tenant_id", maintain_order=True).agg(places="location_id")
    owed = (
        promised.sort("tenant_id", "item_id")
        .group_by("tenant_id", maintain_order=True)
        .agg(begun="item_id", promised="promised")
    )
    rows = cells
    for part in (columns, named, owed):
        rows = rows.join(part, on="tenant_id", how="left", maintain_order="left")
    fields = [pl.col(name).fill_null(pl.lit([], kind)) for name, kind in _JSON.to_schema().items()]
    rows = rows.with_columns(starts_on="keeps_on", lots=pl.struct(fields).struct.json_encode())
    return conform(plans.StockClosingBalances, rows.sort("tenant_id", "plan_date"))


def _decoded(rows: pl.DataFrame) -> tuple[dy.DataFrame[Lots], dy.DataFrame[Promised]]:
    read = rows.select(
        "tenant_id", "starts_on", "timezone", pl.col("lots").str.json_decode(_JSON).alias("read")
    ).unnest("read")
    read = with_instants(read.with_columns(midnight=pl.time(0)), "starts_at", day="starts_on", wall_time="midnight")
    each = read.filter(pl.col("item").list.len() > 0).explode(list(_LISTS))
    lots = each.with_columns(
        item_kind=pl.col("kind").replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String),
        item_id="item",
        lot_id="lot",
        location_id=pl.col("places").list.get(pl.col("place"), null_on_oob=True),
        expires_on=pl.col("starts_on") + pl.duration(days=pl.col("expires")),
        arrived_at=pl.col("starts_at") - pl.duration(minutes=pl.col("age")),
    )
    begun = read.filter(pl.col("begun").list.len() > 0).explode("begun", "promised")
    promised = begun.with_columns(item_kind=pl.lit("intermediate"), item_id="begun")
    return conform(Lots, lots), conform(Promised, promised)


def _keeps(cells: pl.DataFrame, inputs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The start of which day is kept: as long ago as facts of the last open day before the planning instant reach back.

    Closed days have no plan of their own, so that what happened since the last open one is in this one's movements.
    """
    chains = longest_chains(inputs["recipes"], inputs["recipe_lines"])
    local = with_local_times(cells, today="planned_as_of").with_columns(pl.col("today").dt.date())
    days_off = (
        inputs["calendar"]
        .filter((pl.col("kind") == "closed") & pl.col("product_id").is_null())
        .join(local.select("tenant_id", "today"), on="tenant_id")
        .with_columns(ago=(pl.col("today") - pl.col("date")).dt.total_days())
        .filter(pl.col("ago").is_between(0, MOST_CLOSED_DAYS))
    )
    closed = days_off.group_by("tenant_id").agg(closed=pl.len())
    in_a_row = (
        days_off.filter(pl.col("ago") > 0)
        .sort("tenant_id", "ago")
        .filter(pl.col("ago") == pl.int_range(1, pl.len() + 1).over("tenant_id"))
    )
    just_closed = in_a_row.group_by("tenant_id").agg(just_closed=pl.len())
    kept = (
        local.join(chains, on="tenant_id", how="left")
        .join(closed, on="tenant_id", how="left")
        .join(just_closed, on="tenant_id", how="left")
        .with_columns(
            reach_days=1
            + pl.when(pl.col("make") > 0)
            .then(pl.col("make") + pl.col("closed").fill_null(0))
            .otherwise(0)
            .cast(pl.Int32),
            midnight=pl.time(0),
        )
        .with_columns(
            keeps_on=pl.col("today") - pl.duration(days=pl.col("reach_days") + pl.col("just_closed").fill_null(0))
        )
    )
    return with_instants(kept, "keeps_at", day="keeps_on", wall_time="midnight").select(
        "tenant_id", "keeps_on", "keeps_at", "reach_days"
    )


def _dated_facts(cells: pl.DataFrame, inputs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """``tenant_id, fact, date, recorded_at``: on which local days facts recorded when are about."""
    zones = cells.select("tenant_id", "timezone")
    parts = []
    for name, column in DATED.items():
        recorded = "published_at" if name == "plan_versions" else "recorded_at"
        about = pl.coalesce(column, recorded) if name == "stock_lots" else pl.col(column)
        rows = inputs[name].select("tenant_id", fact=pl.lit(name), about=about, recorded_at=recorded)
        if rows.schema["about"] != pl.Date:
            rows = with_local_times(rows.join(zones, on="tenant_id", maintain_order="left"), about="about")
        parts.append(rows.select("tenant_id", "fact", "recorded_at", date=pl.col("about").cast(pl.Date)))
    # A batch of a day may have begun before it, and an event be written down for it days later.
    events = inputs["batch_events"].select("tenant_id", "recorded_at", fact=pl.lit("batch_events"), date="plan_date")
    hours = inputs["waste"].select("tenant_id", "recorded_at", fact=pl.lit("waste"), date="wasted_at")
    hours = with_local_times(hours.join(zones, on="tenant_id", maintain_order="left"), date="date").with_columns(
        pl.col("date").cast(pl.Date)
    )
    return pl.concat([*parts, *(each.select(parts[0].columns) for each in (events, hours))]).drop_nulls()
