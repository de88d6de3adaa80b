"""Whether a newly trained version becomes champion: by the backtest that both have on the same days.

How a promoted version performs afterwards is decided in ``review``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.forecasting.registry.encode import TrainedVersions
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans

# The benefit of the doubt is the new version's: it knows the newest facts, and the models of its series had to win by
# a margin already. So it becomes champion unless it is clearly worse.
MAX_WORSENING = 0.02  # of WAPE, relative


class ChampionComparison(dy.Schema):
    """Backtest of a new version and of the champion before it, on the same days."""

    tenant_id = plans.RetrainingRuns.tenant_id
    new_version = col.key_text("Version trained")
    backtest_wape_old = plans.RetrainingRuns.backtest_wape_old
    backtest_wape_new = plans.RetrainingRuns.backtest_wape_new
    is_better = col.boolean("It becomes champion")


def compare_with_champion(versions: dy.DataFrame[TrainedVersions]) -> dy.DataFrame[ChampionComparison]:
    """Backtest WAPE of each new version and of the champion before it, by tenant.

    A version without anything to be compared with is better than none.

    Args:
        versions: their ``scores`` have ``wape_of_incumbents`` of the models in use before, ``wape_where_incumbents`` of
            the ones chosen for the same series, and ``wape`` of all; null where there was nothing to compare.
    """
    old, new = pl.col("backtest_wape_old"), pl.col("backtest_wape_new")
    compared = (
        versions.select(
            "tenant_id",
            new_version="model_version",
            backtest_wape_old=_score("wape_of_incumbents"),
            # A new product, which the champion does not forecast, must not count against the version that does.
            backtest_wape_new=pl.coalesce(_score("wape_where_incumbents"), _score("wape")),
        )
        .with_columns(is_better=(new <= old * (1 + MAX_WORSENING)).fill_null(True))
        .sort("tenant_id")
    )
    return conform(ChampionComparison, compared)


def _score(name: str) -> pl.Expr:
    return pl.col("scores").str.json_path_match(f"$.{name}").cast(pl.Float64, strict=False)
