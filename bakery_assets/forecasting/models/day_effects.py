"""Day effects: how much a special day sells compared with a normal one, estimated from the past of all tenants.

A day effect is a factor: the sum of what such days sold over the sum of what normal days would have, shrunk towards
a more general factor while there are few observations: the tenant's own factor of a name towards that of the other
tenants of its country, this towards the tenant's factor of the kind, this towards the country's, and the country's
towards 1 (an empirical-Bayes ratio; Efron & Morris 1975, Data analysis using Stein's estimator). Which days are special
is in ``calendars`` and ``data.panel``.

A holiday sells what such a holiday sells, whatever weekday it falls on; a day next to one has something of both. So
the normal day that they are compared with is part the same weekday, part the mean of the week (``SHARE_OF_WEEK``).
"""

import json
from collections.abc import Mapping

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.calendars import (
    AFTER_HOLIDAY,
    AROUND_HOLIDAY,
    BEFORE_HOLIDAY,
    HOLIDAY,
    SCHOOL_HOLIDAY,
    TWO_AFTER_HOLIDAY,
    TWO_BEFORE_HOLIDAY,
)
from bakery_assets.forecasting.data.holiday_openings import MIN_TENANTS
from bakery_assets.forecasting.data.panel import AHEAD, WEEK, Floats, Panel
from bakery_assets.forecasting.models.school_effects import (
    WEEKDAY_KINDS,
    SchoolEffects,
    estimate_school_effects,
    past_school_effects,
    school_effects_ahead,
)
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas.rules import unique_together

# Observed days that the more general factor counts for, by kind; days two days off a holiday are mostly like any other.
PRIOR_DAYS = {AFTER_HOLIDAY: 2.0, TWO_BEFORE_HOLIDAY: 6.0, TWO_AFTER_HOLIDAY: 6.0}
USUAL_PRIOR_DAYS = 1.0
MAX_DAY_EFFECT = 5.0  # of one kind of day, and of all that falls on one day together

# By kind, the exponent of the week's mean in the normal day; the same weekday has the rest. Of 0, 0.3, 0.5, 0.7, 0.8
# and 1 these had the least error on the holidays of 500 days of 20 shops, each forecast from the days before.
SHARE_OF_WEEK = {HOLIDAY: 1.0, BEFORE_HOLIDAY: 0.5, TWO_BEFORE_HOLIDAY: 0.2}
POOLED_KINDS = (HOLIDAY, *AROUND_HOLIDAY.values())  # days that all bakeries of a country share
SUNDAY = 7
# Of what is special, Sundays say less about other days, and these about Sundays: shops open for hours, or not at all.
# Of 0.05, 0.1, 0.25, 0.5 and 1, a tenth had the least error on the special days of 500 days of 20 shops; sums of
# eighths are exact in any order.
UNLIKE_WEIGHT = 0.125

KIND = ["tenant_id", "kind"]
NAME = [*KIND, "name"]
COUNTRY_KIND = ["country", "kind"]
COUNTRY_NAME = [*COUNTRY_KIND, "name"]


class SpecialDayObservations(dy.Schema):
    """What a special day sold, and what a normal day would have."""

    tenant_id = col.tenant_id()
    country = col.text("Country of the tenant, in capitals", nullable=True)
    kind = col.key_text("What is special, see ``calendars.Occasions``", primary_key=True)
    name = col.text("Its name", primary_key=True)
    day = dy.Int64(primary_key=True, description="Column of the panel")
    date = col.date("The day")
    sold = col.number("Units sold or estimated to be in demand")
    normal = dy.Float64(min_exclusive=0.0, description="Units that a normal day would have sold")


class CountryDayEffects(dy.Schema):
    """Factors of a country's tenants together, each tenant counting alike and none for more than the limit."""

    country = col.key_text("The country, in capitals")
    kind = col.key_text("What is special, one of ``POOLED_KINDS``")
    name = col.text("Its name; empty: all days of the kind", nullable=True)
    factor = col.number("Mean of the tenants' ratios, not shrunk", maximum=MAX_DAY_EFFECT)
    on_sunday = col.boolean("Whether it is of days that are Sundays")
    weight = col.number("Dates observed, each by at least ``MIN_TENANTS``; an unlike weekday's counts less")

    key = unique_together("country", "kind", "name", "on_sunday")


class DayEffects(dy.Schema):
    """Factors of names and, where the name is empty, of kinds."""

    tenant_id = col.key_text("The bakery")
    kind = col.key_text("What is special, see ``calendars.Occasions``")
    name = col.text("Its name; empty: all days of the kind", nullable=True)
    factor = col.number("Sales of such a day over those of a normal day", maximum=MAX_DAY_EFFECT)
    on_sunday = col.boolean("Whether it is of days that are Sundays")
    days = col.integer("Days observed by the tenant itself")

    key = unique_together("tenant_id", "kind", "name", "on_sunday")


class PastDayEffects(dy.Schema):
    """Factors of the past special days, each from the days before it."""

    tenant_id = col.tenant_id()
    kind = col.key_text("What is special, see ``calendars.Occasions``", primary_key=True)
    name = col.text("Its name", primary_key=True)
    day = dy.Int64(primary_key=True, description="Column of the panel")
    factor = col.number("Sales of such a day over those of a normal day", maximum=MAX_DAY_EFFECT)


class ItemDayEffects(dy.Schema):
    """Factors of an item's special days."""

    item = dy.UInt32(primary_key=True, description="Row of the item's matrices")
    day = dy.Int64(primary_key=True, description="Column of the panel")
    factor = col.number("Product of ``factors``, over a normal same weekday, limited", maximum=MAX_DAY_EFFECT)
    factors = dy.List(
        dy.Struct(
            {
                "days_seen": col.integer("Days observed"),
                "factor": col.number("Sales of such a day over those of a normal same weekday"),
                "kind": col.text("What is special"),
                "name": col.text("Its name"),
            }
        ),
        description="Everything that is special about the day",
    )


def special_day_observations(panel: Panel, countries: Mapping[str, str | None]) -> dy.DataFrame[SpecialDayObservations]:
    """Sales of the days that are special in one way only, so that one effect is not taken for another, sorted.

    A day on which a shop was closed is no observation of it: which holidays it closes on is in ``data.closures``. Nor
    is one on which the product was not offered, or whose demand is unknown.

    Args:
        countries: of the tenants.
    """
    days = panel.special_days.filter(pl.col("day") < panel.past, pl.len().over("item", "day") == 1)
    normal = panel.same_weekday_means[0][:, : panel.past]
    is_used = ~np.isnan(panel.demand) & (normal > 0)
    index = (days["item"].to_numpy(), days["day"].to_numpy())
    sums = {
        name: _of_items(panel, np.where(is_used, values, 0.0))[index]
        for name, values in (("sold", panel.demand), ("normal", normal))
    }
    found = (
        days.with_columns(**{name: pl.Series(values) for name, values in sums.items()})
        .with_columns(normal=pl.col("normal") * pl.Series(_over_same_weekday(panel, days)))
        .filter(pl.col("normal") > 0)
        .join(panel.items, on="item")
        .group_by(*NAME, "day")
        .agg(pl.col("sold").sum(), pl.col("normal").sum())
        .join(panel.cells, on="tenant_id")
        .with_columns(
            date=pl.col("plan_date") + pl.duration(days=pl.col("day") - panel.past),
            country=pl.col("tenant_id").replace_strict(dict(countries), default=None, return_dtype=pl.String),
        )
        .sort(*NAME, "day")
    )
    return conform(SpecialDayObservations, found)


def _of_items(panel: Panel, values: Floats) -> Floats:
    """Sums over the series of each item: (items, columns)."""
    total = np.zeros((panel.items.height, values.shape[1]))
    np.add.at(total, panel.item, values)
    return total.astype(np.float32)


def _over_same_weekday(panel: Panel, days: pl.DataFrame) -> Floats:
    """What a special day's normal day is over the same weekday, for each of ``days`` (item, day, kind).

    1 where it is the same weekday, and for an item without a whole normal week.
    """
    normal = _of_items(panel, np.nan_to_num(panel.same_weekday_means[0]))
    week = np.cumsum(np.pad(normal, ((0, 0), (WEEK, 0))), axis=1, dtype=np.float64)
    mean = np.zeros_like(normal)
    mean[:, WEEK - 1 :] = (week[:, 2 * WEEK - 1 :] - week[:, WEEK - 1 : -WEEK]) / WEEK
    index = (days["item"].to_numpy(), days["day"].to_numpy())
    share = days["kind"].replace_strict(SHARE_OF_WEEK, default=0.0, return_dtype=pl.Float64).to_numpy()
    same, all_days = normal[index], mean[index]
    # In a product's first weeks, a weekday without a mean yet is not one on which nothing sells.
    weekdays_known = index[1] - np.argmax(normal > 0, axis=1)[index[0]] >= WEEK - 1
    is_known = (same > 0) & (all_days > 0) & weekdays_known
    ratio = np.where(is_known, all_days / np.maximum(same, 1e-9), 1.0)
    limited: Floats = np.clip(ratio**share, 1 / MAX_DAY_EFFECT, MAX_DAY_EFFECT).astype(np.float32)
    return limited


def country_day_effects(observations: dy.DataFrame[SpecialDayObservations]) -> dy.DataFrame[CountryDayEffects]:
    """Factors of holidays and the days around them, of each country with enough tenants, sorted."""
    found = (
        _weighted_by_date(observations)
        .group_by(*COUNTRY_NAME, "on_sunday")
        .agg(
            factor=((pl.col("ratio") * pl.col("weight")).sort_by("date").sum() / pl.col("weight").sum()),
            weight=pl.col("weight").sum(),
        )
        .with_columns(pl.col("factor").round(DECIMALS))
    )
    return conform(CountryDayEffects, found.sort(*COUNTRY_NAME, "on_sunday"))


def country_day_effects_from(boosters: pl.DataFrame) -> dy.DataFrame[CountryDayEffects]:
    """The ``day_effects`` of at most one booster."""
    types = {name: column.dtype for name, column in CountryDayEffects.columns().items()}
    rows = [row for text in boosters["day_effects"] for row in json.loads(text)]
    return conform(CountryDayEffects, pl.DataFrame(rows, schema=types))


def _weighted_by_date(observations: pl.DataFrame) -> pl.DataFrame:
    """Mean ratio of a country's tenants on each date, of names and kinds: ``COUNTRY_NAME, date, ratio``, weighted."""
    shared = observations.filter(pl.col("kind").is_in(POOLED_KINDS), pl.col("country").is_not_null())
    named = shared.select("tenant_id", *COUNTRY_NAME, "date", "sold", "normal")
    both = pl.concat([named, named.with_columns(name=pl.lit(None, pl.String))])
    # Products may have holidays of their own: a tenant with two on one date still counts once.
    of_tenants = both.group_by("tenant_id", *COUNTRY_NAME, "date").agg(
        ratio=(pl.col("sold").sort().sum() / pl.col("normal").sort().sum()).clip(upper_bound=MAX_DAY_EFFECT)
    )
    by_date = (
        of_tenants.group_by(*COUNTRY_NAME, "date")
        .agg(pl.col("ratio").sort().mean(), tenants=pl.col("tenant_id").n_unique())
        .filter(pl.col("tenants") >= MIN_TENANTS)
    )
    return _weighted(by_date)


def _weighted(dated: pl.DataFrame) -> pl.DataFrame:
    """Each row twice: for days ahead that are Sundays and for others, ``on_sunday``, with its ``weight`` for them."""
    targets = pl.DataFrame({"on_sunday": [False, True]})
    is_alike = (pl.col("date").dt.weekday() == SUNDAY) == pl.col("on_sunday")
    return dated.join(targets, how="cross").with_columns(weight=pl.when(is_alike).then(1.0).otherwise(UNLIKE_WEIGHT))


def estimate_day_effects(
    observations: dy.DataFrame[SpecialDayObservations],
    of_countries: dy.DataFrame[CountryDayEffects],
    countries: Mapping[str, str | None],
) -> dy.DataFrame[DayEffects]:
    """Factors of all kinds and names that a tenant, or its country, has observed, sorted.

    Args:
        countries: of the tenants; one that has observed nothing has its country's factors.
    """
    tenants = pl.DataFrame(
        {"tenant_id": list(countries), "country": list(countries.values())},
        schema={"tenant_id": pl.String, "country": pl.String},
    )
    inherited = tenants.join(of_countries, on="country").select(
        *NAME, "on_sunday", country_factor="factor", country_weight="weight"
    )
    weighted = _weighted(observations)
    sums = (
        (pl.col("sold") * pl.col("weight")).sum(),
        (pl.col("normal") * pl.col("weight")).sum(),
        pl.struct("day", "weight").unique().struct.field("weight").sum().alias("weight"),
        pl.col("day").n_unique().cast(pl.Int64).alias("days"),
    )
    kind, name = [*KIND, "on_sunday"], [*NAME, "on_sunday"]
    of_kinds = (
        weighted.group_by(kind)
        .agg(sums)
        .join(inherited.filter(pl.col("name").is_null()).drop("name"), on=kind, how="full", coalesce=True)
        .with_columns(name=pl.lit(None, pl.String), factor=_shrunk(_shrunk_to_country(pl.lit(1.0))))
    )
    of_names = (
        weighted.group_by(name)
        .agg(sums)
        .join(inherited.filter(pl.col("name").is_not_null()), on=name, how="full", coalesce=True)
        .join(of_kinds.select(*kind, of_kind="factor"), on=kind)
        .with_columns(factor=_shrunk(_shrunk_to_country(pl.col("of_kind"))))
    )
    columns = [*name, "factor", "days"]
    both = pl.concat([of_kinds.select(columns), of_names.select(columns)])
    rounded = both.with_columns(pl.col("factor").round(DECIMALS), pl.col("days").fill_null(0))
    return conform(DayEffects, rounded.sort(name))


def past_day_effects(
    observations: dy.DataFrame[SpecialDayObservations],
    panel: Panel,
    pooled: dy.DataFrame[SpecialDayObservations] | None = None,
) -> dy.DataFrame[PastDayEffects]:
    """What ``estimate_day_effects`` would have given for every past special day from the days before it, sorted.

    Days of which nothing was known have no row.

    Models learn from these, so that they meet in training what they will meet in use: a factor that has not
    observed the day it is about. A day that is special in several ways is no observation, but has its factors.

    Args:
        pooled: observations that the countries' factors come from; None: there are none. A tenant's own version has
            none, as it must not depend on which tenants are trained with it.
    """
    special = panel.special_days.filter(pl.col("day") < panel.past).join(panel.items, on="item")
    countries = observations.select("tenant_id", "country").unique()
    counted = _weighted(
        special.select(*NAME, "day")
        .unique()
        .join(observations.drop("date", "country"), on=[*NAME, "day"], how="left")
        .join(panel.cells, on="tenant_id")
        .join(countries, on="tenant_id", how="left")
        .with_columns(
            pl.col("sold", "normal").fill_null(0.0),
            is_observed=pl.col("normal").is_not_null(),
            date=pl.col("plan_date") + pl.duration(days=pl.col("day") - panel.past),
        )
    ).with_columns(
        pl.col("sold", "normal") * pl.col("weight"),
        weight=pl.when("is_observed").then("weight").otherwise(0.0),
    )
    of_countries = _country_factors_before(
        _weighted_by_date(SpecialDayObservations.create_empty() if pooled is None else pooled)
    )
    sums = (pl.col("sold").sum(), pl.col("normal").sum(), pl.col("weight").max())
    by_kind = counted.group_by(*KIND, "country", "date", "day", "on_sunday").agg(sums)
    is_known = (pl.col("weight") > 0) | pl.col("country_weight").is_not_null()
    of_kinds = _with_country_factors(
        _sums_before(by_kind.with_columns(name=pl.lit(None, pl.String)), KIND), of_countries
    ).select(*KIND, "day", of_kind=pl.when(is_known).then(_shrunk(_shrunk_to_country(pl.lit(1.0)))))
    found = (
        _with_country_factors(_sums_before(counted, NAME), of_countries)
        .join(of_kinds, on=[*KIND, "day"])
        .select(*NAME, "day", factor=_shrunk(_shrunk_to_country(pl.col("of_kind"))))
        .drop_nulls("factor")
        .sort(*NAME, "day")
    )
    return conform(PastDayEffects, found)


def _sums_before(counted: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Sums over the days observed before each day, weighted for that day."""
    groups = [*key, "on_sunday"]
    ordered = counted.sort(*groups, "day")
    sums = [(pl.col(name).cum_sum() - pl.col(name)).over(groups).alias(name) for name in ("sold", "normal", "weight")]
    return ordered.with_columns(sums).filter((pl.col("date").dt.weekday() == SUNDAY) == pl.col("on_sunday"))


def _country_factors_before(weighted_by_date: pl.DataFrame) -> pl.DataFrame:
    """Factors of countries from each date on: ``COUNTRY_NAME, on_sunday, known_on, country_factor, country_weight``."""
    groups = [*COUNTRY_NAME, "on_sunday"]
    ordered = weighted_by_date.with_columns(pl.col("name").fill_null(_ALL_NAMES)).sort(*groups, "date")
    weight = pl.col("weight").cum_sum().over(groups)
    return ordered.select(
        *groups,
        known_on=pl.col("date") + pl.duration(days=1),
        country_factor=(pl.col("ratio") * pl.col("weight")).cum_sum().over(groups) / weight,
        country_weight=weight,
    ).sort("known_on")


_ALL_NAMES = "*"  # joins match no null


def _with_country_factors(rows: pl.DataFrame, of_countries: pl.DataFrame) -> pl.DataFrame:
    """``rows`` with their country's factor as known on their date."""
    keyed = rows.with_columns(pl.col("name").fill_null(_ALL_NAMES)).sort("date")
    return keyed.join_asof(
        of_countries,
        left_on="date",
        right_on="known_on",
        by=[*COUNTRY_NAME, "on_sunday"],
        strategy="backward",
        check_sortedness=False,
    )


def _prior_days() -> pl.Expr:
    return pl.col("kind").replace_strict(PRIOR_DAYS, default=USUAL_PRIOR_DAYS, return_dtype=pl.Float64)


def _shrunk(towards: pl.Expr) -> pl.Expr:
    """The tenant's own ratio, shrunk; ``towards`` without observations."""
    prior = _prior_days() * pl.col("normal") / pl.col("weight")
    own = (pl.col("sold") + prior * towards) / (pl.col("normal") + prior)
    return pl.when(pl.col("weight") > 0).then(own).otherwise(towards).clip(0.0, MAX_DAY_EFFECT)


def _shrunk_to_country(towards: pl.Expr) -> pl.Expr:
    """The country's factor, shrunk; ``towards`` where it has none."""
    weight = pl.col("country_weight")
    shrunk = (pl.col("country_factor") * weight + _prior_days() * towards) / (weight + _prior_days())
    return pl.when(weight > 0).then(shrunk).otherwise(towards)


def day_effects_from(panel: Panel, effects: dy.DataFrame[DayEffects], first: int) -> dy.DataFrame[ItemDayEffects]:
    """Day effects of the special days from column ``first`` on, and of school holidays, sorted; 1 where nothing like it
    was observed."""
    kind, name = [*KIND, "on_sunday"], [*NAME, "on_sunday"]
    of_kinds = effects.filter(pl.col("name").is_null()).select(*kind, kind_factor="factor", kind_days="days")
    of_names = effects.filter(pl.col("name").is_not_null()).select(*name, name_factor="factor", name_days="days")
    days = panel.special_days.filter(pl.col("day") >= first)
    special = (
        days.with_columns(over_weekday=pl.Series(_over_same_weekday(panel, days)).cast(pl.Float64))
        .join(panel.items, on="item")
        .join(panel.cells, on="tenant_id")
        .with_columns(
            on_sunday=(pl.col("plan_date") + pl.duration(days=pl.col("day") - panel.past)).dt.weekday() == SUNDAY
        )
        .join(of_kinds, on=kind, how="left")
        .join(of_names, on=name, how="left")
        .with_columns(
            # Nothing is known of such a day: then it is taken for the weekday that it falls on.
            factor=(pl.coalesce("name_factor", "kind_factor") * pl.col("over_weekday")).fill_null(1.0).round(DECIMALS),
            days_seen=pl.coalesce("name_days", "kind_days", pl.lit(0)),
        )
    )
    columns = ["item", "day", "kind", "name", "factor", "days_seen"]
    # What holidays and the days around them sell was learned with the school holidays that they lie in.
    around = days.filter(pl.col("kind").is_in(POOLED_KINDS))
    school = (
        school_effects_ahead(panel, _school_effects(effects), first)
        .join(panel.items, on="tenant_id")
        .join(around, on=["item", "day"], how="anti")
    )
    found = (
        pl.concat([special.select(columns), school.select(columns)], how="vertical_relaxed")
        .sort("item", "day", "kind")
        .group_by("item", "day", maintain_order=True)
        .agg(
            pl.col("factor").product().clip(upper_bound=MAX_DAY_EFFECT),
            factors=pl.struct("days_seen", "factor", "kind", "name"),
        )
    )
    return conform(ItemDayEffects, found)


def _school_effects(effects: dy.DataFrame[DayEffects]) -> dy.DataFrame[SchoolEffects]:
    rows = effects.filter(pl.col("kind") == SCHOOL_HOLIDAY).rename({"name": "weekday_kind"})
    return conform(SchoolEffects, rows)


def with_school_effects(effects: dy.DataFrame[DayEffects], panel: Panel) -> dy.DataFrame[DayEffects]:
    """The factors with those of school holidays, by kind of weekday in the place of a name, sorted."""
    school = estimate_school_effects(panel).select(
        "tenant_id",
        "factor",
        "days",
        name="weekday_kind",
        kind=pl.lit(SCHOOL_HOLIDAY),
        on_sunday=pl.col("weekday_kind") == WEEKDAY_KINDS[-1],
    )
    both = pl.concat([effects, school.select(effects.columns)])
    return conform(DayEffects, both.sort(*NAME, "on_sunday"))


def day_effect_matrix(
    panel: Panel, effects: dy.DataFrame[DayEffects], past_effects: dy.DataFrame[PastDayEffects] | None = None
) -> Floats:
    """The day effect of every column, 1 on normal days: (items, past + AHEAD).

    Args:
        effects: for the days from the plan date on.
        past_effects: for the days before it; None: ``effects`` for the week before it, at which
            the features of the days ahead look back, and 1 before.
    """
    matrix = np.ones((panel.items.height, panel.past + AHEAD), dtype=np.float32)
    first = max(panel.past - WEEK, 0) if past_effects is None else panel.past
    ahead = day_effects_from(panel, effects, first)
    matrix[ahead["item"].to_numpy(), ahead["day"].to_numpy()] = ahead["factor"].to_numpy()
    if past_effects is not None:
        days = panel.special_days.filter(pl.col("day") < panel.past)
        past = (
            days.with_columns(over_weekday=pl.Series(_over_same_weekday(panel, days)).cast(pl.Float64))
            .join(panel.items, on="item")
            .join(past_effects, on=[*NAME, "day"])
            .group_by("item", "day")
            .agg((pl.col("factor") * pl.col("over_weekday")).product().clip(upper_bound=MAX_DAY_EFFECT))
        )
        matrix[past["item"].to_numpy(), past["day"].to_numpy()] = past["factor"].to_numpy()
        tenant = np.zeros(panel.items.height, dtype=np.int64)
        tenant[panel.item] = panel.tenant
        school = past_school_effects(panel)[tenant]
        around = days.filter(pl.col("kind").is_in(POOLED_KINDS))
        school[around["item"].to_numpy(), around["day"].to_numpy()] = 1.0
        matrix[:, : panel.past] *= school
    return matrix
