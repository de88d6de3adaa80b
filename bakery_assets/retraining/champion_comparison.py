"""Whether a newly trained version takes the champion's place: by the backtest that both have on the same days."""

import polars as pl

# The champion gets the benefit of the doubt the other way round: a version that knows the newest facts takes its
# place unless it is clearly worse, as the models of its series had to win by a margin already.
WORSE = 0.02


def compare_with_champion(versions: pl.DataFrame) -> pl.DataFrame:
    """Backtest WAPE of each new version and of the champion before it, on the same days.

    Args:
        versions: model_versions of ``train_models``, whose ``scores`` have ``wape_of_incumbents`` of the models in use
            before, ``wape_where_incumbents`` of the ones chosen for the same series, and ``wape`` of all; null where
            there was nothing to compare.

    Returns:
        ``tenant_id, new_version, backtest_wape_old, backtest_wape_new, is_better``, WAPE as a fraction, by tenant.
        A version without anything to be compared with is better than none.
    """
    old, new = pl.col("backtest_wape_old"), pl.col("backtest_wape_new")
    return (
        versions.select(
            "tenant_id",
            new_version="model_version",
            backtest_wape_old=_score("wape_of_incumbents"),
            # A new product, which nobody forecast before, must not count against the version that does.
            backtest_wape_new=pl.coalesce(_score("wape_where_incumbents"), _score("wape")),
        )
        .with_columns(is_better=(new <= old * (1 + WORSE)).fill_null(True))
        .sort("tenant_id")
    )


def _score(name: str) -> pl.Expr:
    return pl.col("scores").str.json_path_match(f"$.{name}").cast(pl.Float64, strict=False)
