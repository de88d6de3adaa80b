"""Learning from everybody: what stores gain from other stores whose sales the shared model is trained on, too.

The bread chain has 20 stores. Ten are forecast with models that were trained on these ten, and again with models that
were trained on all twenty; what the ten are scored on is the same. Two splits, two window ends.
"""

import json
import tempfile
from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time
from typing import Any, cast

import polars as pl

from bakery_assets import metrics
from benchmarks.datasets import DATA, write_bread_chain

ENDS = (date(2018, 8, 31), date(2019, 4, 30))
WEEKS = 8


def run() -> dict[str, object]:
    """WAPE of open days as fractions, of each half of the stores alone and with the other half; and the pooled gain."""
    if not (DATA / "bread_chain").is_dir():
        return {"skipped": f"bread_chain is not at {DATA / 'bread_chain'}"}
    with tempfile.TemporaryDirectory() as folder:
        facts = _read(write_bread_chain(Path(folder) / "bread_chain"))
    stores = facts["tenants"]["tenant_id"].sort().to_list()
    halves = {
        "every_other_1": stores[::2], "every_other_2": stores[1::2],
        "first_half": stores[: len(stores) // 2], "second_half": stores[len(stores) // 2 :],
    }  # fmt: skip
    rows: list[dict[str, str | float]] = []
    compared: list[tuple[float, float]] = []
    for end in ENDS:
        together = _days(facts, stores, end)
        for half, members in halves.items():
            of_half = together.filter(pl.col("tenant_id").is_in(members))
            compared.append((_wape(_days(facts, members, end)), _wape(of_half)))
            rows.append(
                {"end": end.isoformat(), "half": half, "alone": compared[-1][0], "with_others": compared[-1][1]}
            )
            print(json.dumps(rows[-1]), flush=True)
    alone, shared = (sum(figures) / len(compared) for figures in zip(*compared, strict=True))
    return {
        "stores": len(stores), "windows": rows, "mean_wape_alone": round(alone, 4),
        "mean_wape_with_others": round(shared, 4), "gain": round(1 - shared / alone, 4),
    }  # fmt: skip


def _read(folder: Path) -> dict[str, Any]:
    from bakery_assets.backtesting.windows import READS
    from resources.folder import read_folder

    return dict(read_folder(folder, READS, loaded_at=datetime.now(UTC)).frames)


def _days(facts: dict[str, Any], members: Collection[str], end: date) -> pl.DataFrame:
    """The system's forecasts of open days that did not sell out, next to what sold."""
    from bakery_assets.backtesting import run_backtest
    from bakery_assets.backtesting.figures import SYSTEM
    from bakery_assets.backtesting.windows import BacktestFacts

    is_member = pl.col("tenant_id").is_in(list(members))
    own = {name: frame.filter(is_member) for name, frame in facts.items()}
    own["sales"] = own["sales"].filter(pl.col("sales_date") <= end)
    days = run_backtest(cast(BacktestFacts, own), WEEKS, (SYSTEM,), process_time).days
    return days.filter("is_open", ~pl.col("is_sold_out"))


def _wape(days: pl.DataFrame) -> float:
    return round(float(days.select(metrics.wape("forecast", "actual")).item()), 4)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
