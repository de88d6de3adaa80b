"""Panels: sales as matrices, a row per series and a column per day, all tenants at once.

Columns count from the plan date: column ``past`` is the plan date of every tenant, whatever its date is, so
tenants that are planned for different dates share the columns. Past columns come before it; ``AHEAD``
columns follow, the horizon and the days after it that a feature looks at. How a panel's facts are gathered is in
``context``, what models make of it in ``features`` and ``models``.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.calendars import CLOSED, EVENT, HOLIDAY, PROMOTION, SCHOOL_HOLIDAY, Occasions
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.history import DemandHistory, SeriesKey, ShopKey
from bakery_assets.forecasting.data.pauses import ended_pauses
from bakery_assets.keys import PRODUCT, SERIES, SHOP
from bakery_assets.level_shifts import level_shifts
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

WEEK = 7
SAME_WEEKDAYS = 4  # how many normal same weekdays make a normal day
FRESH_WEEKS = 8  # a normal same weekday older than this says less than the day itself
SELDOM_DAYS = 56
SELDOM_SHARE = 0.5  # what sells on fewer of its open days is intermittent demand
ROUTINE_DAYS = 56
ROUTINE_SHARE = 0.25  # a promotion on more than every fourth day of the last weeks is no longer a special day
AHEAD = HORIZON_DAYS + 2  # a day's features look at the two days after it


class PlanDates(dy.Schema):
    """The first day ahead of each tenant of a panel."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned")


class PanelItems(dy.Schema):
    """What an item of a panel is: a tenant's product."""

    item = dy.UInt32(description="Row of the item's matrices")
    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)


class PanelShops(ShopKey):
    """What a shop of a panel is."""

    shop = dy.UInt32(description="Row of the shop's matrices")


class SpecialDays(dy.Schema):
    """What is special about an item's days; closed days, school holidays and what is routine are left out."""

    item = dy.UInt32(primary_key=True, description="Row of the item's matrices")
    day = dy.Int64(primary_key=True, description="Column of the panel")
    kind = col.key_text("What it is, see ``calendars.Occasions``", primary_key=True)
    name = col.text("Its name, see ``calendars.Occasions``")


@dataclass(frozen=True)
class Panel:
    """Series of a round, with everything that is known about their days.

    Matrices are (rows, past) for what has happened and (rows, past + AHEAD) for what the calendar says. Rows are
    series, shops, items (a tenant's product) or tenants; ``shop``, ``item`` and ``tenant`` give each series' row.
    """

    cells: dy.DataFrame[PlanDates]  # a row per tenant
    items: dy.DataFrame[PanelItems]
    shops: dy.DataFrame[PanelShops]
    series: dy.DataFrame[SeriesKey]  # sorted
    tenant: Integers
    item: Integers
    shop: Integers
    past: int
    quantity: Floats  # units sold; 0 on days without a row
    # Units that would have sold, at the level of today; NaN where unknown: closed, sold out, paused, outside the data.
    demand: Floats
    recorded_demand: Floats  # the same at the level that it had
    is_open: Flags  # series: its shop was open
    is_paused: Flags  # series: off the shelf, and back since
    is_observed: Flags  # series: from its first sale to its tenant's last
    is_censored: Flags  # series: sold out, and the demand beyond the sales cannot be estimated
    price: Floats  # series: revenue per unit; NaN where unknown
    is_closed: Flags  # items, past + AHEAD: closed by the calendar
    special_days: dy.DataFrame[SpecialDays]
    is_special: Flags  # items, past + AHEAD: any of ``special_days``
    holiday: Flags  # tenants, past + AHEAD
    school: Flags  # tenants, past + AHEAD
    event: Flags  # items, past + AHEAD
    promotion: Flags  # items, past + AHEAD
    weekday: npt.NDArray[np.int8]  # tenants, past + AHEAD; 0: Monday
    day_of_year: npt.NDArray[np.int16]  # tenants, past + AHEAD
    temperature: Floats  # tenants, past + AHEAD, in degrees Celsius; NaN where unknown
    rain: Floats  # tenants, past + AHEAD, in millimeters; NaN where unknown

    @cached_property
    def history_days(self) -> int:
        """Days from the first sale of any series to the plan date."""
        has_started = self.is_observed.any(axis=0)
        return self.past - int(np.argmax(has_started)) if has_started.any() else 0

    @cached_property
    def sells_seldom(self) -> Flags:
        """Series: sold on less than ``SELDOM_SHARE`` of its open days of the last ``SELDOM_DAYS``."""
        recent = slice(max(self.past - SELDOM_DAYS, 0), self.past)
        is_offered = self.is_open[:, recent] & ~self.is_paused[:, recent]
        sold = (is_offered & (self.quantity[:, recent] > 0)).sum(axis=1)
        seldom: Flags = sold < SELDOM_SHARE * is_offered.sum(axis=1)
        return seldom

    @cached_property
    def is_normal(self) -> Flags:
        """Series, past: an open day with nothing special about it whose demand is known."""
        special = (self.is_special | self.is_closed)[self.item, : self.past]
        return ~np.isnan(self.demand) & ~special

    @cached_property
    def same_weekday_means(self) -> tuple[Floats, Floats]:
        """Series, past + AHEAD: mean demand of the last four normal same weekdays before a day.

        The first matrix is NaN where the last of them is more than ``FRESH_WEEKS`` old, the second only where there
        is none.
        """
        normal = np.where(self.is_normal, self.demand, np.nan).astype(np.float32)
        return means_of_same_weekdays(normal, AHEAD)

    @cached_property
    def imputed_normal_demand(self) -> Floats:
        """Series, past: demand as on a normal day, without gaps from the first sale on; NaN before it."""
        fresh, stale = (each[:, : self.past] for each in self.same_weekday_means)
        sold = np.where(self.is_open & ~self.is_paused, self.quantity, np.nan)
        other = np.where(np.isnan(fresh), np.where(np.isnan(sold), stale, sold), fresh)
        at_least = np.where(self.is_censored, np.fmax(self.quantity, fresh), other)
        filled = np.where(self.is_normal, self.demand, at_least).astype(np.float32)
        has_started = np.cumsum(self.is_observed, axis=1) > 0
        filled[~has_started] = np.nan
        filled = _filled_by_weekday(filled)
        mean = np.nan_to_num(row_mean(filled))
        gaps = np.isnan(filled) & has_started
        filled[gaps] = np.broadcast_to(mean[:, None], filled.shape)[gaps]
        filled[~has_started] = np.nan
        return filled

    def as_of(self, day: int) -> "Panel":
        """The panel as it was known at the start of column ``day``; its plan date and the number of columns stay.

        What was sold on and after that day is unknown, and so is the weather; the calendar is known ahead.
        """
        later = np.arange(self.past) >= day
        ahead = np.arange(self.past + AHEAD) >= day
        unknown = np.float32(np.nan)
        is_open = self.is_open & ~later
        quantity = np.where(later, np.float32(0), self.quantity)
        is_paused = ended_pauses(quantity, is_open)
        # A pause that ended later was not known to be one.
        demand = np.where(self.is_paused & ~is_paused & ~self.is_closed[self.item, : self.past], quantity, self.demand)
        last = np.where(is_open.any(axis=1), self.past - np.argmax(is_open[:, ::-1], axis=1), 0)
        end = np.zeros(self.cells.height, dtype=np.int64)
        np.maximum.at(end, self.tenant, last)
        return replace(
            self,
            quantity=quantity,
            demand=np.where(later | is_paused, unknown, demand),
            price=np.where(later, unknown, self.price),
            is_open=is_open,
            is_paused=is_paused,
            # Whether days after a tenant's last sale were closed or are only late was not known yet.
            is_observed=self.is_observed & (np.arange(self.past) < end[self.tenant][:, None]),
            is_censored=self.is_censored & ~later,
            temperature=np.where(ahead, unknown, self.temperature),
            rain=np.where(ahead, unknown, self.rain),
        )


def build_panel(
    cells: dy.DataFrame[Cells],
    sales: dy.DataFrame[DemandHistory],
    occasions: dy.DataFrame[Occasions],
    weather: dy.DataFrame[ops.Weather],
    past: int,
) -> Panel:
    """Matrices of the ``past`` days before each plan date.

    Args:
        occasions: of at least the panel's days.
        weather: rows after the plan date are forecasts that were known.
    """
    axes = _axes(cells, sales, past)
    sold = _sales_matrices(axes, sales)
    of_tenants, of_items = _occasions_by_row(axes, occasions)
    special_days = _special_days(of_items, past)

    def tenant_flags(kind: str) -> Flags:
        return _flags(len(axes.dates), axes.width, of_tenants.filter(pl.col("kind") == kind), "tenant")

    def item_flags(kind: str) -> Flags:
        return _flags(len(axes.items), axes.width, of_items.filter(pl.col("kind") == kind), "item")

    is_closed = item_flags(CLOSED)
    demand, is_censored = _demand(sold, is_closed[axes.item, :past])
    is_paused = ended_pauses(sold.quantity, sold.is_open)
    demand[is_paused] = np.nan
    weather_days = axes.with_days(weather, axes.width)
    weather_index = (weather_days["tenant"].to_numpy(), weather_days["day"].to_numpy())
    weekday, day_of_year = _calendar_days(axes)
    panel = Panel(
        cells=conform(PlanDates, axes.dates),
        items=conform(PanelItems, axes.items),
        shops=conform(PanelShops, axes.shops),
        series=conform(SeriesKey, axes.series),
        tenant=axes.tenant,
        item=axes.item,
        shop=axes.shop,
        past=past,
        quantity=sold.quantity,
        demand=demand,
        recorded_demand=demand,
        is_open=sold.is_open,
        is_paused=is_paused,
        is_observed=sold.is_observed,
        is_censored=is_censored,
        price=sold.price,
        is_closed=is_closed,
        special_days=special_days,
        is_special=_flags(len(axes.items), axes.width, special_days, "item"),
        holiday=tenant_flags(HOLIDAY),
        school=tenant_flags(SCHOOL_HOLIDAY),
        event=item_flags(EVENT),
        promotion=item_flags(PROMOTION),
        weekday=weekday,
        day_of_year=day_of_year,
        temperature=_matrix(len(axes.dates), axes.width, weather_index, weather_days["temperature_c"]),
        rain=_matrix(len(axes.dates), axes.width, weather_index, weather_days["rain_mm"]),
    )
    return _at_new_level(panel)


def _at_new_level(panel: Panel) -> Panel:
    """The panel with the demand before a shift rescaled to the level after it."""
    ratio, lasted = level_shifts(panel.imputed_normal_demand)
    if not lasted.any():
        return panel
    is_before = np.arange(panel.past) < panel.past - lasted[:, None]
    return replace(panel, demand=np.where(is_before, panel.demand * ratio[:, None], panel.demand).astype(np.float32))


@dataclass(frozen=True)
class _Axes:
    """Which rows and columns the matrices have."""

    dates: pl.DataFrame  # tenant, tenant_id, plan_date
    items: pl.DataFrame  # item, tenant_id, product_id, tenant
    shops: pl.DataFrame  # shop, SHOP
    series: pl.DataFrame  # row, SERIES
    tenant: Integers
    item: Integers
    shop: Integers
    past: int

    @property
    def width(self) -> int:
        """Columns of what the calendar says."""
        return self.past + AHEAD

    def with_days(self, rows: pl.DataFrame, columns: int) -> pl.DataFrame:
        """``rows`` (``tenant_id, date``) in the panel's first ``columns``, with ``tenant`` and ``day``."""
        return (
            rows.join(self.dates, on="tenant_id")
            .with_columns(day=self.past + (pl.col("date") - pl.col("plan_date")).dt.total_days())
            .filter(pl.col("day").is_between(0, columns - 1))
        )


def _axes(cells: pl.DataFrame, sales: pl.DataFrame, past: int) -> _Axes:
    dates = cells.select("tenant_id", "plan_date").sort("tenant_id").with_row_index("tenant")
    sold = sales.filter(pl.col("quantity") > 0).select(SERIES).unique()
    series = sold.sort(SERIES).with_row_index("row")
    items = series.select(PRODUCT).unique().sort(PRODUCT).with_row_index("item")
    items = items.join(dates.select("tenant_id", "tenant"), on="tenant_id", maintain_order="left")
    shops = series.select(SHOP).unique().sort(SHOP).with_row_index("shop")
    rows = series.join(items, on=PRODUCT, maintain_order="left").join(shops, on=SHOP, maintain_order="left")
    tenant, item, shop = (rows[name].to_numpy().astype(np.int64) for name in ("tenant", "item", "shop"))
    return _Axes(dates, items, shops, series, tenant, item, shop, past)


@dataclass(frozen=True)
class _SalesMatrices:
    """(series, past) of what the tills say; see ``Panel``."""

    quantity: Floats
    unconstrained: Floats  # estimated demand of days that sold out; NaN elsewhere
    is_sold_out: Flags
    price: Floats
    is_open: Flags
    is_observed: Flags


def _sales_matrices(axes: _Axes, sales: pl.DataFrame) -> _SalesMatrices:
    past, series = axes.past, len(axes.series)
    facts = axes.with_days(sales.join(axes.series, on=SERIES), past)
    index = (facts["row"].to_numpy(), facts["day"].to_numpy())
    quantity = _matrix(series, past, index, facts["quantity"], fill=0.0)
    is_sold_out = np.zeros(quantity.shape, dtype=bool)
    is_sold_out[index] = facts["is_sold_out"].to_numpy()
    per_unit = pl.when(pl.col("quantity") > 0).then(pl.col("revenue") / pl.col("quantity"))
    shop_open = np.zeros((len(axes.shops), past), dtype=bool)
    np.logical_or.at(shop_open, axes.shop, quantity > 0)
    tenant_open = np.zeros((len(axes.dates), past), dtype=bool)
    np.logical_or.at(tenant_open, axes.tenant, quantity > 0)
    # A day is observed up to the last on which any of the tenant's shops sold something.
    tenant_observed = np.flip(np.logical_or.accumulate(np.flip(tenant_open, axis=1), axis=1), axis=1)
    has_started = np.logical_or.accumulate(quantity > 0, axis=1)
    return _SalesMatrices(
        quantity=quantity,
        unconstrained=_matrix(series, past, index, facts["demand"]),
        is_sold_out=is_sold_out,
        price=_matrix(series, past, index, facts.select(per_unit).to_series()),
        is_open=shop_open[axes.shop] & has_started,
        is_observed=tenant_observed[axes.tenant] & has_started,
    )


def _demand(sold: _SalesMatrices, is_closed: Flags) -> tuple[Floats, Flags]:
    """Demand of each day, NaN where it is unknown, and whether it is so because the day sold out."""
    no_estimate = np.isnan(sold.unconstrained)
    is_unknown = sold.is_sold_out & no_estimate
    demand = np.where(no_estimate, sold.quantity, np.fmax(sold.unconstrained, sold.quantity))
    is_usable = sold.is_open & sold.is_observed & ~is_closed & ~is_unknown
    return np.where(is_usable, demand, np.nan).astype(np.float32), is_unknown & sold.is_open


def _occasions_by_row(axes: _Axes, occasions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Occasions of tenants (``tenant, day, kind, name``) and of items (``item, day, kind, name``).

    An item's are those of all products first, then its own.
    """
    dated = axes.with_days(occasions, axes.width)
    of_tenants = dated.filter(pl.col("product_id").is_null())
    columns = ["item", "day", "kind", "name"]
    of_items = [
        of_tenants.join(axes.items.select("tenant", "item"), on="tenant").select(columns),
        dated.join(axes.items.select("tenant", "product_id", "item"), on=["tenant", "product_id"]).select(columns),
    ]
    return of_tenants.select("tenant", "day", "kind", "name"), pl.concat(of_items)


def _special_days(of_items: pl.DataFrame, past: int) -> dy.DataFrame[SpecialDays]:
    recent = of_items.filter(pl.col("day").is_between(past - ROUTINE_DAYS, past - 1))
    often = pl.len() > ROUTINE_SHARE * ROUTINE_DAYS
    # What is on so often that a day without it is the special one.
    routine = recent.group_by("item", "kind", "name").agg(often.alias("often")).filter("often")
    found = (
        of_items.filter(~pl.col("kind").is_in([CLOSED, SCHOOL_HOLIDAY]))
        # What is said about the product itself wins over what is said about all products.
        .unique(["item", "day", "kind"], keep="last", maintain_order=True)
        .join(routine, on=["item", "kind", "name"], how="anti")
        .sort("item", "day", "kind")
    )
    return conform(SpecialDays, found)


def _calendar_days(axes: _Axes) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16]]:
    """Weekday and day of the year of every tenant's columns."""
    ordinals = axes.dates.select(pl.col("plan_date").dt.epoch("d")).to_series().to_numpy().astype(np.int64)
    days = ordinals[:, None] + np.arange(axes.width) - axes.past
    dates = days.astype("datetime64[D]")
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1
    return ((days + 3) % WEEK).astype(np.int8), day_of_year.astype(np.int16)  # 1970-01-01 was a Thursday


def as_rows(panel: Panel, columns: range, **values: npt.NDArray[np.generic]) -> pl.DataFrame:
    """Columns of matrices as rows: ``SERIES, date`` and one column a matrix, in the order of the series.

    Args:
        values: matrices of (series, len(columns)); NaN becomes null.
    """
    count = len(columns)
    long = panel.series.select(pl.all().repeat_by(count)).explode(SERIES)
    offsets = np.tile(np.arange(columns.start, columns.stop) - panel.past, panel.series.height)
    frame = long.with_columns(
        offset=pl.Series(offsets), **{name: pl.Series(matrix.reshape(-1)) for name, matrix in values.items()}
    )
    return (
        frame.with_columns(pl.selectors.float().fill_nan(None))
        .join(panel.cells, on="tenant_id", maintain_order="left")
        .with_columns(date=pl.col("plan_date") + pl.duration(days="offset"))
        .drop("offset", "plan_date")
    )


def row_mean(values: Floats) -> Floats:
    """Mean of each row's numbers; NaN where a row has none."""
    is_number = ~np.isnan(values)
    count = is_number.sum(axis=1)
    total = np.where(is_number, values, 0.0).sum(axis=1, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def means_of_same_weekdays(normal: Floats, ahead: int) -> tuple[Floats, Floats]:
    """Means of the last ``SAME_WEEKDAYS`` numbers of the same weekday before each column, (rows, past + ahead).

    NaN where the last of them is more than ``FRESH_WEEKS`` old in the first matrix, where there is none in the second.
    """
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
            current = by_week[:, week]
            is_number = ~np.isnan(current)
            last = np.where(is_number, np.concatenate([last[1:], current[None]]), last)
            age[is_number] = 0
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
    rows: int, columns: int, index: tuple[npt.NDArray[np.generic], ...], values: pl.Series, fill: float = np.nan
) -> Floats:
    matrix = np.full((rows, columns), fill, dtype=np.float32)
    matrix[index] = values.cast(pl.Float64).to_numpy()
    return matrix


def _flags(rows: int, columns: int, where: pl.DataFrame, row: str) -> Flags:
    matrix = np.zeros((rows, columns), dtype=bool)
    matrix[where[row].to_numpy(), where["day"].to_numpy()] = True
    return matrix
