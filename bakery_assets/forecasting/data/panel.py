"""Sales as matrices: a row per series, a column per day, all tenants at once.

Columns count from the plan date: column ``past`` is the plan date of every tenant, whatever its date is, so
tenants whose mornings fall on different dates stand side by side. Past columns come before it; ``AHEAD``
columns follow, the horizon and the days after it that a feature looks at.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.calendars import CLOSED, EVENT, HOLIDAY, PROMOTION, SCHOOL_HOLIDAY
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.keys import SERIES, SHOP

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

WEEK = 7
SAME_WEEKDAYS = 4  # how many normal same weekdays make a normal day
FRESH_WEEKS = 8  # a normal same weekday older than this says less than the day itself
EVERYDAY_DAYS = 56
EVERYDAY_SHARE = 0.25  # a promotion on more than every fourth day of the last weeks is no longer a special day
AHEAD = HORIZON_DAYS + 2  # a day's features look at the two days after it


@dataclass(frozen=True)
class Panel:
    """Series of a round, with everything that is known about their days.

    Matrices are (rows, past) for what has happened and (rows, past + AHEAD) for what the calendar says. Rows are
    series, shops, items (a tenant's product) or tenants; ``shop``, ``item`` and ``tenant`` give each series' row.
    """

    cells: pl.DataFrame  # tenant_id, plan_date
    items: pl.DataFrame  # tenant_id, product_id, tenant
    shops: pl.DataFrame  # SHOP, tenant
    series: pl.DataFrame  # SERIES, sorted
    tenant: Whole
    item: Whole
    shop: Whole
    past: int
    quantity: Floats  # what was sold; 0 on days without a row
    demand: Floats  # what would have sold; NaN where that is not known: closed, sold out, before or after the data
    is_open: Flags  # series: its shop was open
    is_known: Flags  # series: from its first sale to its tenant's last
    is_sold_out: Flags  # series: sold out and nobody knows what more would have sold
    price: Floats  # series: takings per unit; NaN where unknown
    is_shut: Flags  # items, past + AHEAD: closed by the calendar
    kinds: pl.DataFrame  # item, day, kind, name: what is special, closings and school holidays left out
    is_special: Flags  # items, past + AHEAD: any of ``kinds``
    holiday: Flags  # tenants, past + AHEAD
    school: Flags  # tenants, past + AHEAD
    event: Flags  # items, past + AHEAD
    promotion: Flags  # items, past + AHEAD
    weekday: npt.NDArray[np.int8]  # tenants, past + AHEAD; 0: Monday
    day_of_year: npt.NDArray[np.int16]  # tenants, past + AHEAD
    temperature: Floats  # tenants, past + AHEAD; NaN where unknown
    rain: Floats

    @cached_property
    def history_days(self) -> int:
        """Days from the first sale of any series to the plan date."""
        begun = self.is_known.any(axis=0)
        return self.past - int(np.argmax(begun)) if begun.any() else 0

    @cached_property
    def is_normal(self) -> Flags:
        """Series, past: an open day with nothing special about it whose demand is known."""
        special = (self.is_special | self.is_shut)[self.item, : self.past]
        return ~np.isnan(self.demand) & ~special

    @cached_property
    def expected(self) -> "tuple[Floats, Floats]":
        """Series, past + AHEAD: mean of the last four normal same weekdays before a day.

        The first matrix is NaN where the last of them is more than ``FRESH_WEEKS`` old, the second only where there
        is none.
        """
        normal = np.where(self.is_normal, self.demand, np.nan).astype(np.float32)
        return _means_of_same_weekdays(normal, AHEAD)

    @cached_property
    def normalised(self) -> Floats:
        """Series, past: what a normal day sold or would have sold, without gaps from the first sale on; else NaN."""
        expected, stale = (each[:, : self.past] for each in self.expected)
        sold = np.where(self.is_open, self.quantity, np.nan)
        other = np.where(np.isnan(expected), np.where(np.isnan(sold), stale, sold), expected)
        at_least = np.where(self.is_sold_out, np.fmax(self.quantity, expected), other)
        filled = np.where(self.is_normal, self.demand, at_least).astype(np.float32)
        begun = np.cumsum(self.is_known, axis=1) > 0
        filled[~begun] = np.nan
        filled = _filled_by_weekday(filled)
        mean = np.nan_to_num(row_mean(filled))
        gaps = np.isnan(filled) & begun
        filled[gaps] = np.broadcast_to(mean[:, None], filled.shape)[gaps]
        filled[~begun] = np.nan
        return filled

    def before(self, day: int) -> "Panel":
        """The panel as it was on the morning of column ``day``; its plan date and the number of columns stay.

        What was sold on and after that day is unknown, and so is the weather; the calendar is known ahead.
        """
        later = np.arange(self.past) >= day
        ahead = np.arange(self.past + AHEAD) >= day
        unknown = np.float32(np.nan)
        sold = self.is_open & ~later
        last = np.where(sold.any(axis=1), self.past - np.argmax(sold[:, ::-1], axis=1), 0)
        end = np.zeros(self.cells.height, dtype=np.int64)
        np.maximum.at(end, self.tenant, last)
        return replace(
            self,
            quantity=np.where(later, np.float32(0), self.quantity),
            demand=np.where(later, unknown, self.demand),
            price=np.where(later, unknown, self.price),
            is_open=sold,
            # Whether days after a tenant's last sale were closed or are only late, nobody could tell yet.
            is_known=self.is_known & (np.arange(self.past) < end[self.tenant][:, None]),
            is_sold_out=self.is_sold_out & ~later,
            temperature=np.where(ahead, unknown, self.temperature),
            rain=np.where(ahead, unknown, self.rain),
        )


def build_panel(
    cells: pl.DataFrame,
    sales: pl.DataFrame,
    occasions: pl.DataFrame,
    weather: pl.DataFrame,
    past: int,
) -> Panel:
    """Matrices of the ``past`` days before each plan date.

    Args:
        cells: ``tenant_id, plan_date``.
        sales: of ``history.known_sales``.
        occasions: of ``calendar_features.occasions``, over at least the panel's days.
        weather: facts ``tenant_id, date, temperature_c, rain_mm``; rows after the plan date are forecasts that
            were known.
    """
    dates = cells.select("tenant_id", "plan_date").sort("tenant_id").with_row_index("tenant")
    sold = sales.filter(pl.col("quantity") > 0).select(SERIES).unique()
    series = sold.sort(SERIES).with_row_index("row")
    items = series.select("tenant_id", "product_id").unique().sort("tenant_id", "product_id").with_row_index("item")
    shops = series.select(SHOP).unique().sort(SHOP).with_row_index("shop")
    items, shops = (each.join(dates.select("tenant_id", "tenant"), on="tenant_id", maintain_order="left")
                    for each in (items, shops))  # fmt: skip
    rows = (
        series.join(items, on=["tenant_id", "product_id"], maintain_order="left")
        .join(shops.select(*SHOP, "shop"), on=SHOP, maintain_order="left")
    )  # fmt: skip
    width = past + AHEAD
    facts = (
        sales.join(series, on=SERIES)
        .join(dates, on="tenant_id")
        .with_columns(day=past + (pl.col("date") - pl.col("plan_date")).dt.total_days())
        .filter(pl.col("day").is_between(0, past - 1))
        .select("row", "day", "quantity", "demand", "revenue", "is_sold_out")
    )
    at = (facts["row"].to_numpy(), facts["day"].to_numpy())
    quantity = _matrix(len(series), past, at, facts["quantity"], fill=0.0)
    recovered = _matrix(len(series), past, at, facts["demand"])
    sold_out = np.zeros(quantity.shape, dtype=bool)
    sold_out[at] = facts["is_sold_out"].to_numpy()
    per_unit = pl.when(pl.col("quantity") > 0).then(pl.col("revenue") / pl.col("quantity"))
    price = _matrix(len(series), past, at, facts.select(per_unit).to_series())
    tenant, item, shop = (rows[name].to_numpy().astype(np.int64) for name in ("tenant", "item", "shop"))
    shop_open = np.zeros((len(shops), past), dtype=bool)
    np.logical_or.at(shop_open, shop, quantity > 0)
    tenant_open = np.zeros((len(dates), past), dtype=bool)
    np.logical_or.at(tenant_open, tenant, quantity > 0)
    # A day counts as known up to the last on which any of the tenant's shops sold something.
    tenant_known = np.flip(np.logical_or.accumulate(np.flip(tenant_open, axis=1), axis=1), axis=1)
    begun = np.logical_or.accumulate(quantity > 0, axis=1)
    is_open = shop_open[shop] & begun
    is_known = tenant_known[tenant] & begun
    dated = _dated(dates, occasions, past)
    of_tenants = dated.filter(pl.col("product_id").is_null()).drop("product_id")
    of_items = _of_items(dated, of_tenants, items)
    kinds = (
        of_items.filter(~pl.col("kind").is_in([CLOSED, SCHOOL_HOLIDAY]))
        # What is said about the product itself wins over what is said about all products.
        .unique(["item", "day", "kind"], keep="last", maintain_order=True)
        .join(_everyday(of_items, past), on=["item", "kind", "name"], how="anti")
        .sort("item", "day", "kind")
    )

    def tenant_flags(kind: str) -> Flags:
        return _flags(len(dates), width, of_tenants.filter(pl.col("kind") == kind), "tenant")

    def item_flags(kind: str) -> Flags:
        return _flags(len(items), width, of_items.filter(pl.col("kind") == kind), "item")

    is_shut = item_flags(CLOSED)
    shut_past = is_shut[item, :past]
    unknown_demand = sold_out & np.isnan(recovered)
    demand = np.where(np.isnan(recovered), quantity, np.fmax(recovered, quantity))
    demand = np.where(is_open & is_known & ~shut_past & ~unknown_demand, demand, np.nan).astype(np.float32)
    sky = (
        weather.join(dates, on="tenant_id")
        .with_columns(day=past + (pl.col("date") - pl.col("plan_date")).dt.total_days())
        .filter(pl.col("day").is_between(0, width - 1))
    )
    under = (sky["tenant"].to_numpy(), sky["day"].to_numpy())
    ordinals = dates.select(pl.col("plan_date").dt.epoch("d")).to_series().to_numpy().astype(np.int64)
    days = ordinals[:, None] + np.arange(width) - past
    calendar_days = days.astype("datetime64[D]")
    return Panel(
        cells=dates.select("tenant_id", "plan_date"),
        items=items.drop("item"),
        shops=shops.drop("shop"),
        series=series.select(SERIES),
        tenant=tenant,
        item=item,
        shop=shop,
        past=past,
        quantity=quantity,
        demand=demand,
        is_open=is_open,
        is_known=is_known,
        is_sold_out=unknown_demand & is_open,
        price=price,
        weekday=((days + 3) % WEEK).astype(np.int8),  # 1970-01-01 was a Thursday
        day_of_year=((calendar_days - calendar_days.astype("datetime64[Y]")).astype(np.int64) + 1).astype(np.int16),
        temperature=_matrix(len(dates), width, under, sky["temperature_c"]),
        rain=_matrix(len(dates), width, under, sky["rain_mm"]),
        is_shut=is_shut,
        kinds=kinds,
        is_special=_flags(len(items), width, kinds, "item"),
        holiday=tenant_flags(HOLIDAY),
        school=tenant_flags(SCHOOL_HOLIDAY),
        event=item_flags(EVENT),
        promotion=item_flags(PROMOTION),
    )


def _dated(dates: pl.DataFrame, occasions: pl.DataFrame, past: int) -> pl.DataFrame:
    """Occasions by the panel's rows and columns: ``tenant, product_id, day, kind, name``."""
    return (
        occasions.join(dates, on="tenant_id")
        .with_columns(day=past + (pl.col("date") - pl.col("plan_date")).dt.total_days())
        .filter(pl.col("day").is_between(0, past + AHEAD - 1))
        .select("tenant", "product_id", "day", "kind", "name")
    )


def _of_items(dated: pl.DataFrame, of_tenants: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Occasions of every item: those of all products first, then its own: ``item, day, kind, name``."""
    columns = ["item", "day", "kind", "name"]
    return pl.concat(
        [
            of_tenants.join(items.select("tenant", "item"), on="tenant").select(columns),
            dated.join(items.select("tenant", "product_id", "item"), on=["tenant", "product_id"]).select(columns),
        ]
    )


def _everyday(of_items: pl.DataFrame, past: int) -> pl.DataFrame:
    """What is on so often that a day without it is the special one: ``item, kind, name``."""
    recent = of_items.filter(pl.col("day").is_between(past - EVERYDAY_DAYS, past - 1))
    often = pl.len() > EVERYDAY_SHARE * EVERYDAY_DAYS
    return recent.group_by("item", "kind", "name").agg(often.alias("often")).filter("often").drop("often")


def as_series(days: pl.DataFrame, panel: Panel, columns: range, **values: npt.NDArray[np.generic]) -> pl.DataFrame:
    """Columns of matrices as rows: ``SERIES, date`` and one column a matrix, in the order of the series.

    Args:
        days: ``tenant_id, plan_date`` of the panel.
        values: matrices of (series, len(columns)).
    """
    count = len(columns)
    long = panel.series.select(pl.all().repeat_by(count)).explode(SERIES)
    offsets = np.tile(np.arange(columns.start, columns.stop) - panel.past, panel.series.height)
    frame = long.with_columns(
        offset=pl.Series(offsets), **{name: pl.Series(matrix.reshape(-1)) for name, matrix in values.items()}
    )
    return (
        frame.join(days.select("tenant_id", "plan_date"), on="tenant_id", maintain_order="left")
        .with_columns(date=pl.col("plan_date") + pl.duration(days="offset"))
        .drop("offset", "plan_date")
    )


def row_mean(values: Floats) -> Floats:
    """Mean of each row's numbers; NaN where a row has none."""
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _means_of_same_weekdays(normal: Floats, ahead: int) -> tuple[Floats, Floats]:
    rows, past = normal.shape
    lead = -past % WEEK
    weeks = (past + lead) // WEEK
    padded = np.full((rows, weeks * WEEK), np.nan, dtype=np.float32)
    padded[:, lead:] = normal
    by_week = padded.reshape(rows, weeks, WEEK)
    more = -(-ahead // WEEK)
    fresh = np.full((rows, weeks + more, WEEK), np.nan, dtype=np.float32)
    stale = fresh.copy()
    last = np.full((SAME_WEEKDAYS, rows, WEEK), np.nan, dtype=np.float32)
    age = np.full((rows, WEEK), FRESH_WEEKS + 1, dtype=np.int32)
    for week in range(weeks + more):
        mean = row_mean(last.reshape(SAME_WEEKDAYS, rows * WEEK).T).reshape(rows, WEEK)
        age += 1
        stale[:, week] = mean
        fresh[:, week] = np.where(age <= FRESH_WEEKS, mean, np.nan)
        if week < weeks:
            now = by_week[:, week]
            there = ~np.isnan(now)
            last = np.where(there, np.concatenate([last[1:], now[None]]), last)
            age[there] = 0
    flat = [each.reshape(rows, (weeks + more) * WEEK)[:, lead : lead + past + ahead] for each in (fresh, stale)]
    return flat[0], flat[1]


def _filled_by_weekday(values: Floats) -> Floats:
    """Gaps filled with the last value of the same weekday, else with the next one."""
    rows, past = values.shape
    lead = -past % WEEK
    padded = np.full((rows, past + lead), np.nan, dtype=np.float32)
    padded[:, lead:] = values
    weeks = padded.reshape(rows, (past + lead) // WEEK, WEEK)
    for order in (range(1, weeks.shape[1]), range(weeks.shape[1] - 2, -1, -1)):
        step = -1 if order.step > 0 else 1
        for week in order:
            gap = np.isnan(weeks[:, week])
            weeks[:, week][gap] = weeks[:, week + step][gap]
    return weeks.reshape(rows, past + lead)[:, lead:]


def _matrix(
    rows: int, columns: int, at: tuple[npt.NDArray[np.generic], ...], values: pl.Series, fill: float = np.nan
) -> Floats:
    made = np.full((rows, columns), fill, dtype=np.float32)
    made[at] = values.cast(pl.Float64).to_numpy()
    return made


def _flags(rows: int, columns: int, where: pl.DataFrame, row: str) -> Flags:
    made = np.zeros((rows, columns), dtype=bool)
    made[where[row].to_numpy(), where["day"].to_numpy()] = True
    return made
