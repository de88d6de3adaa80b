"""Day effects: how much a special day sells compared with a normal one, estimated from the tenant's own past.

A day effect is a factor: the sum of what such days sold over the sum of what normal days would have, shrunk towards
a more general factor while there are few observations: the name's towards the kind's, the kind's towards 1
(an empirical-Bayes ratio; Efron & Morris 1975, Data analysis using Stein's estimator). Which days are special is
in ``calendars`` and ``data.panel``.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.calendars import HOLIDAY
from bakery_assets.forecasting.data.panel import AHEAD, WEEK, Floats, Panel
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas.rules import unique_together

PRIOR_DAYS = 1.0  # observed days that the more general factor counts for
MAX_DAY_EFFECT = 5.0  # of one kind of day, and of all that falls on one day together

KIND = ["tenant_id", "kind"]
NAME = [*KIND, "name"]


class SpecialDayObservations(dy.Schema):
    """What a special day sold, and what normal days would have."""

    tenant_id = col.tenant_id()
    kind = col.key_text("What is special, see ``calendars.Occasions``", primary_key=True)
    name = col.text("Its name", primary_key=True)
    day = dy.Int64(primary_key=True, description="Column of the panel")
    sold = col.number("Units sold or estimated to be in demand")
    normal = dy.Float64(min_exclusive=0.0, description="Units that normal days would have sold")


class DayEffects(dy.Schema):
    """Factors of names and, where the name is empty, of kinds."""

    tenant_id = col.key_text("The bakery")
    kind = col.key_text("What is special, see ``calendars.Occasions``")
    name = col.text("Its name; empty: all days of the kind", nullable=True)
    factor = col.number("Sales of such a day over those of a normal day", maximum=MAX_DAY_EFFECT)
    days = col.integer("Days observed")

    key = unique_together("tenant_id", "kind", "name")


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
    factor = col.number("Product of ``factors``, limited", maximum=MAX_DAY_EFFECT)
    factors = dy.List(
        dy.Struct(
            {
                "days_seen": col.integer("Days observed"),
                "factor": col.number("Sales of such a day over those of a normal day"),
                "kind": col.text("What is special"),
                "name": col.text("Its name"),
            }
        ),
        description="Everything that is special about the day",
    )


def special_day_observations(panel: Panel) -> dy.DataFrame[SpecialDayObservations]:
    """Sales of the days that are special in one way only, so that one effect is not taken for another, sorted.

    A closed holiday sold 0; any other closed day is no observation.
    """
    normal = panel.same_weekday_means[0][:, : panel.past]
    days = panel.special_days.filter(pl.col("day") < panel.past, pl.len().over("item", "day") == 1)
    index = (days["item"].to_numpy(), days["day"].to_numpy())
    demand = np.where(np.isnan(panel.demand), panel.quantity, panel.demand)
    sums = {}
    for state, is_in_state in (("open", panel.is_open), ("closed", panel.is_observed & ~panel.is_open)):
        is_used = is_in_state & (normal > 0) & ~panel.is_censored
        for name, values in (("sold", demand), ("normal", normal)):
            matrix = np.zeros((panel.items.height, panel.past))
            np.add.at(matrix, panel.item, np.where(is_used, values, 0.0))
            sums[f"{name}_{state}"] = matrix[index]
    closed_holiday = pl.when(pl.col("kind") == HOLIDAY).then(pl.col("normal_closed")).otherwise(0.0)
    found = (
        days.with_columns(**{name: pl.Series(values) for name, values in sums.items()})
        .with_columns(normal=pl.col("normal_open") + closed_holiday)
        .filter(pl.col("normal") > 0)
        .join(panel.items, on="item")
        .group_by(*NAME, "day")
        .agg(sold=pl.col("sold_open").sum(), normal=pl.col("normal").sum())
        .sort(*NAME, "day")
    )
    return conform(SpecialDayObservations, found)


def estimate_day_effects(observations: dy.DataFrame[SpecialDayObservations]) -> dy.DataFrame[DayEffects]:
    """Factors of all kinds and names that were observed, sorted."""
    sums = (pl.col("sold").sum(), pl.col("normal").sum(), pl.col("day").n_unique().alias("days"))
    of_kinds = (
        observations.group_by(KIND)
        .agg(sums)
        .with_columns(name=pl.lit(None, pl.String), factor=_shrunk_ratio(pl.lit(1.0)))
    )
    of_names = (
        observations.group_by(NAME)
        .agg(sums)
        .join(of_kinds.select(*KIND, of_kind="factor"), on=KIND)
        .with_columns(factor=_shrunk_ratio(pl.col("of_kind")))
    )
    columns = [*NAME, "factor", "days"]
    both = pl.concat([of_kinds.select(columns), of_names.select(columns)])
    return conform(DayEffects, both.with_columns(pl.col("factor").round(DECIMALS)).sort(NAME))


def past_day_effects(observations: dy.DataFrame[SpecialDayObservations], panel: Panel) -> dy.DataFrame[PastDayEffects]:
    """What ``estimate_day_effects`` would have given for every past special day from the days before it, sorted.

    Models learn from these, so that they meet in training what they will meet in use: a factor that has not
    observed the day it is about. A day that is special in several ways is no observation, but has its factors.
    """
    special = panel.special_days.filter(pl.col("day") < panel.past).join(panel.items, on="item")
    counted = (
        special.select(*NAME, "day")
        .unique()
        .join(observations, on=[*NAME, "day"], how="left")
        .with_columns(pl.col("sold", "normal").fill_null(0.0), is_observed=pl.col("normal").is_not_null())
    )
    sums = (pl.col("sold").sum(), pl.col("normal").sum(), pl.col("is_observed").any())
    by_kind = counted.group_by(*KIND, "day").agg(sums)
    of_kinds = _sums_before(by_kind, KIND).with_columns(of_kind=_shrunk_ratio(pl.lit(1.0)).fill_null(1.0))
    found = (
        _sums_before(counted, NAME)
        .join(of_kinds.select(*KIND, "day", "of_kind"), on=[*KIND, "day"])
        .select(*NAME, "day", factor=pl.coalesce(_shrunk_ratio(pl.col("of_kind")), "of_kind"))
        .sort(*NAME, "day")
    )
    return conform(PastDayEffects, found)


def _sums_before(counted: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Sums over the days observed before each day, null where there are none."""
    ordered = counted.sort(*key, "day").with_columns(days=pl.col("is_observed").cast(pl.Int64))
    sums = [(pl.col(name).cum_sum() - pl.col(name)).over(key).alias(name) for name in ("sold", "normal", "days")]
    return ordered.with_columns(sums).with_columns(
        pl.when(pl.col("days") > 0).then(pl.col(name)).alias(name) for name in ("sold", "normal", "days")
    )


def _shrunk_ratio(towards: pl.Expr) -> pl.Expr:
    prior = PRIOR_DAYS * pl.col("normal") / pl.col("days")
    return ((pl.col("sold") + prior * towards) / (pl.col("normal") + prior)).clip(0.0, MAX_DAY_EFFECT)


def day_effects_from(panel: Panel, effects: dy.DataFrame[DayEffects], first: int) -> dy.DataFrame[ItemDayEffects]:
    """Day effects of the special days from column ``first`` on, sorted; 1 where nothing like it was observed."""
    of_kinds = effects.filter(pl.col("name").is_null()).select(*KIND, kind_factor="factor", kind_days="days")
    of_names = effects.filter(pl.col("name").is_not_null()).select(*NAME, name_factor="factor", name_days="days")
    found = (
        panel.special_days.filter(pl.col("day") >= first)
        .join(panel.items, on="item")
        .join(of_kinds, on=KIND, how="left")
        .join(of_names, on=NAME, how="left")
        .with_columns(
            factor=pl.coalesce("name_factor", "kind_factor", pl.lit(1.0)),
            days_seen=pl.coalesce("name_days", "kind_days", pl.lit(0)),
        )
        .sort("item", "day", "kind")
        .group_by("item", "day", maintain_order=True)
        .agg(
            pl.col("factor").product().clip(upper_bound=MAX_DAY_EFFECT),
            factors=pl.struct("days_seen", "factor", "kind", "name"),
        )
    )
    return conform(ItemDayEffects, found)


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
        past = (
            panel.special_days.filter(pl.col("day") < panel.past)
            .join(panel.items, on="item")
            .join(past_effects, on=[*NAME, "day"])
            .group_by("item", "day")
            .agg(pl.col("factor").product().clip(upper_bound=MAX_DAY_EFFECT))
        )
        matrix[past["item"].to_numpy(), past["day"].to_numpy()] = past["factor"].to_numpy()
    return matrix
