"""The trained versions in use, read back from their rows of text into what a morning applies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.forecasting.data.panel import Flags, Floats, Panel, Whole
from bakery_assets.forecasting.models.selection import BLENDS, MEMBERS, NAMES
from bakery_assets.forecasting.models.smoothing import GRID, USUAL
from bakery_assets.keys import SERIES

UNTRAINED = "untrained_smoothing"
_SHARES = {**BLENDS, UNTRAINED: BLENDS["smoothing"]}

_PARAMETERS = pl.Struct(dict.fromkeys(sorted(USUAL), pl.Float64()))
_EFFECTS = pl.Struct(
    {
        "blend": pl.String(),
        "error_quantiles": pl.List(pl.Float64()),
        "factors": pl.List(
            pl.Struct({"kind": pl.String(), "name": pl.String(), "factor": pl.Float64(), "days": pl.UInt32()})
        ),
        "holiday_habits": pl.List(
            pl.Struct({"location_id": pl.String(), "name": pl.String(), "is_kept": pl.Boolean()})
        ),
    }
)


@dataclass(frozen=True)
class Versions:
    """What the versions in use say, aligned with the rows of a panel where it is a matrix."""

    of_tenants: pl.DataFrame  # tenant_id, model_version, booster_id, error_quantiles (null: none)
    of_series: pl.DataFrame  # SERIES, error_quantiles (null: none), error_days: behind them
    factors: pl.DataFrame  # of factors.learn_factors
    habits: pl.DataFrame  # of closings.holiday_habits
    models: list[str]  # per series of the panel
    is_modelled: Flags  # per series: it was there when the version was trained
    booster: npt.NDArray[np.object_]  # per series: its tenant's booster, None without one
    shares: Floats  # (members, series)
    parameters: pl.DataFrame  # per series: the smoothing parameters

    def parameter(self, name: str) -> Floats:
        """A smoothing parameter of each series."""
        return self.parameters[name].to_numpy().astype(np.float32)


def read_versions(panel: Panel, frames: Frames) -> Versions:
    """Decode ``model_versions`` and ``series_models`` of the panel's tenants.

    A series that is new since its tenant was trained takes the blend that is best for the tenant as a whole; one of
    a tenant that was never trained is smoothed with usual parameters.
    """
    versions = frames["model_versions"].select(
        "tenant_id", "model_version", "booster_id", effects=pl.col("effects").str.json_decode(_EFFECTS)
    ).unnest("effects")  # fmt: skip
    series = frames["series_models"].select(
        *SERIES,
        "model",
        parameters=pl.col("parameters").str.json_decode(_PARAMETERS),
        error_quantiles=_none_if_empty(pl.col("error_quantiles").str.json_decode(pl.List(pl.Float64()))),
        error_days=pl.col("scores").str.json_path_match("$.days").cast(pl.Int64),
    ).unnest("parameters")  # fmt: skip
    rows = panel.series.join(series, on=SERIES, how="left", maintain_order="left").join(
        versions.select("tenant_id", "blend", "booster_id"), on="tenant_id", how="left", maintain_order="left"
    )
    models = rows.select(pl.coalesce("model", "blend", pl.lit(UNTRAINED))).to_series().to_list()
    shares = np.array([_SHARES[model] for model in models], dtype=np.float32).reshape(-1, len(MEMBERS)).T
    return Versions(
        of_tenants=versions.select(
            "tenant_id", "model_version", "booster_id", _none_if_empty(pl.col("error_quantiles"))
        ),
        of_series=series.select(*SERIES, "error_quantiles", "error_days"),
        factors=versions.select("tenant_id", "factors").explode("factors").drop_nulls("factors").unnest("factors"),
        habits=versions.select("tenant_id", "holiday_habits")
        .explode("holiday_habits")
        .drop_nulls("holiday_habits")
        .unnest("holiday_habits"),
        models=models,
        is_modelled=rows["model"].is_not_null().to_numpy(),
        booster=rows["booster_id"].to_numpy(),
        shares=shares.copy(),
        parameters=rows.select(pl.col(name).fill_null(usual) for name, usual in USUAL.items()),
    )


@dataclass(frozen=True)
class Incumbents:
    """The models that a panel's series have before they are trained anew; per series."""

    blend: Whole  # the row of BLENDS, -1 where there is none
    shares: Floats  # (members, series), 0 where there is none
    points: dict[str, Whole]  # of each grid of smoothing parameters, -1 where there is none
    is_carried_over: Flags


def read_incumbents(panel: Panel, series_models: pl.DataFrame, carried_over: pl.DataFrame) -> Incumbents:
    """Decode the ``series_models`` in use, and mark those of ``carried_over`` (``SERIES``), which stay."""
    kept = carried_over.select(SERIES).with_columns(is_carried_over=pl.lit(True))
    rows = (
        panel.series.join(series_models.select(*SERIES, "model", "parameters"), on=SERIES, how="left",
                          maintain_order="left")
        .join(kept, on=SERIES, how="left", maintain_order="left")
        .with_columns(parameters=pl.col("parameters").str.json_decode(_PARAMETERS))
        .unnest("parameters")
    )  # fmt: skip
    blend = _places(rows["model"], NAMES)
    shares = np.array(list(BLENDS.values()), dtype=np.float32)[blend]
    return Incumbents(
        blend=blend,
        shares=np.where(blend[:, None] >= 0, shares, np.float32(0)).T,
        points={name: _places(rows[name], grid) for name, grid in GRID.items()},
        is_carried_over=rows["is_carried_over"].fill_null(False).to_numpy() & (blend >= 0),
    )


def _places(values: pl.Series, among: Sequence[object]) -> Whole:
    """Where each value stands; -1: nowhere."""
    place = {value: number for number, value in enumerate(among)}
    return np.array([place.get(value, -1) for value in values], dtype=np.int64)


def _none_if_empty(knots: pl.Expr) -> pl.Expr:
    return pl.when(knots.list.len() > 0).then(knots)
