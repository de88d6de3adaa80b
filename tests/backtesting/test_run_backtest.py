"""The backtest on a small bakery's folder."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.backtesting import CannotBacktest
from bakery_assets.commands.backtest import as_json, compare
from bakery_assets.intake.faults import Unreadable

Tables = dict[str, pl.DataFrame]
Save = Callable[[Tables, Path], Path]
LAST = date(2024, 3, 23)  # the last saturday; sundays sell nothing
ORIGINS = [date(2024, 3, 10), date(2024, 3, 17)]
QUICK = ("SeasonalNaive",)
KEY = ["model", "tenant_id", "location_id", "product_id", "origin", "date"]
QUANTILE_LEVELS = ["q10", "q50", "q80", "q90", "q95"]
SAID = ["forecast", *QUANTILE_LEVELS, "source"]


def with_days_that_sold_out(tables: Mapping[str, pl.DataFrame]) -> Tables:
    """The same bakery, where everything was sold out by nine on some days; what is sold by the hour goes from 7 to 11."""
    nine = pl.when(pl.col("sales_date").dt.day() % 5 == 0).then(pl.lit("09:00"))
    return {**tables, "sales": tables["sales"].with_columns(sold_out_at=nine)}


def with_another_future(tables: Mapping[str, pl.DataFrame], origin: date) -> Tables:
    """The same bakery, of which everything that is not known ahead is different from ``origin`` on.

    Other quantities and weather, stock-outs on the other days, no rye on the next day, and a pie that is new.
    """
    late = {"sales": "sales_date", "sales_hourly": "sales_date", "weather": "date"}
    changed = dict(tables)
    for name, day in late.items():
        measures = [column for column in ("quantity", "temperature_c", "rain_mm") if column in tables[name].columns]
        is_late = pl.col(day) >= origin
        changed[name] = tables[name].with_columns(
            pl.when(is_late).then(pl.col(column) * 3 + 17).otherwise(pl.col(column)) for column in measures
        )
    changed["sales_hourly"] = changed["sales_hourly"].with_columns(
        in_stock=pl.when(pl.col("sales_date") >= origin).then(0.5).otherwise(pl.col("in_stock"))
    )
    is_late, gone = pl.col("sales_date") >= origin, pl.col("sold_out_at")
    sales = changed["sales"].with_columns(
        sold_out_at=pl.when(is_late & gone.is_null()).then(pl.lit("09:00")).when(~is_late).then(gone)
    )
    no_rye = pl.col("product_id").eq("rye") & pl.col("sales_date").eq(origin + timedelta(days=1))
    pie = sales.filter(is_late, pl.col("product_id") == "roll").with_columns(product_id=pl.lit("pie"))
    changed["sales"] = pl.concat([sales.filter(~no_rye), pie])
    changed["sales_hourly"] = changed["sales_hourly"].filter(~no_rye)
    products = tables["products"].with_columns(discontinued_on=pl.lit(origin + timedelta(days=2)))
    new = products.head(1).with_columns(product_id=pl.lit("pie"), name=pl.lit("pie"), discontinued_on=None)
    changed["products"] = pl.concat([products, new])
    changed["forecast_overrides"] = pl.DataFrame(
        {"tenant_id": ["b"], "override_id": ["o"], "product_id": ["rye"], "target_date": [origin],
         "quantity": [999.0], "reason": ["fair"], "who": ["Ada"]}
    )  # fmt: skip
    return changed


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_comes_after_an_origin_changes_no_forecast_made_up_to_it(
    tables: Tables, save: Save, tmp_path: Path, origin: date
) -> None:
    models = ("system", "system_evening", *QUICK)
    before = with_days_that_sold_out(tables)
    first, _ = compare(save(before, tmp_path / "a"), 2, models)
    second, _ = compare(save(with_another_future(before, origin), tmp_path / "b"), 2, models)
    said, again = (
        result.days.filter(pl.col("origin") <= origin).sort(KEY).select(*KEY, *SAID) for result in (first, second)
    )
    assert set(said["model"]) == set(models)
    assert said.filter(pl.col("origin") == origin)["forecast"].sum() > 0
    assert said.equals(again)
    sold = [result.days.filter(pl.col("origin") == origin)["actual"].sum() for result in (first, second)]
    assert sold[0] != sold[1]


def test_the_forecast_of_the_evening_before_does_not_see_the_day_that_is_not_over(
    tables: Tables, save: Save, tmp_path: Path
) -> None:
    models = ("system", "system_evening", *QUICK)
    first, _ = compare(save(tables, tmp_path / "a"), 1, models)
    changed = dict(tables)
    for name, day in (("sales", "sales_date"), ("sales_hourly", "sales_date"), ("weather", "date")):
        is_last = pl.col(day) == ORIGINS[1] - timedelta(days=1)
        measures = [column for column in ("quantity", "temperature_c") if column in tables[name].columns]
        changed[name] = tables[name].with_columns(
            pl.when(is_last).then(pl.col(measure) * 2 + 9).otherwise(pl.col(measure)) for measure in measures
        )
    second, _ = compare(save(changed, tmp_path / "b"), 1, models)
    for model, is_same in (("system", False), ("system_evening", True), (QUICK[0], False)):
        said, again = (
            result.days.filter(pl.col("model") == model).sort(KEY).select(*KEY, *SAID) for result in (first, second)
        )
        assert said["forecast"].sum() > 0
        assert said.equals(again) is is_same, model


def test_baselines_take_the_same_days_for_closed_as_the_system(tables: Tables, save: Save, tmp_path: Path) -> None:
    tables["calendar"] = pl.concat(
        [
            tables["calendar"],
            pl.DataFrame({"tenant_id": ["b"], "date": [date(2024, 3, 13)], "kind": ["closed"], "product_id": [None]}),
        ]
    )
    result, _ = compare(save(tables, tmp_path), 2, ("system", "system_evening", *QUICK))
    sundays_and_the_closed_day = [date(2024, 3, 10), date(2024, 3, 13), date(2024, 3, 17)]
    for model, days in result.days.partition_by("model", as_dict=True).items():
        nothing = days.filter(pl.max_horizontal("forecast", *QUANTILE_LEVELS) == 0)
        assert sorted(set(nothing["date"])) == sundays_and_the_closed_day, model
        assert nothing.height == 3 * 3


def test_a_window_that_ends_earlier_is_forecast_from_what_was_known_then(
    tables: Tables, save: Save, tmp_path: Path
) -> None:
    folder = save(tables, tmp_path)
    earlier, _ = compare(folder, 1, QUICK, last_day=ORIGINS[1] - timedelta(days=1))
    both, _ = compare(folder, 2, QUICK)
    assert (earlier.data["first_origin"], earlier.data["last_day"]) == ("2024-03-10", "2024-03-16")
    assert earlier.data["days"] == 76
    expected = both.days.filter(pl.col("origin") == ORIGINS[0]).sort(KEY)
    assert earlier.days.sort(KEY).equals(expected)


@pytest.mark.parametrize("last_day", [LAST + timedelta(days=1), date(2023, 12, 31)])
def test_a_window_cannot_end_where_there_are_no_sales(
    tables: Tables, save: Save, tmp_path: Path, last_day: date
) -> None:
    with pytest.raises(CannotBacktest, match=rf"from 2024-01-01 to 2024-03-23; .*cannot be {last_day}"):
        compare(save(tables, tmp_path), 2, QUICK, last_day=last_day)


def test_a_backtest_counts_what_it_compared(tables: Tables, save: Save, tmp_path: Path) -> None:
    tables["sales"] = tables["sales"].with_columns(
        sold_out_at=pl.when(pl.col("sales_date") == LAST).then(pl.lit("13:00")).otherwise(None)
    )
    result, _ = compare(save(tables, tmp_path), 2, QUICK)
    assert result.data == {
        "first_day": "2024-01-01", "last_day": "2024-03-23", "days": 83, "weeks": 2, "horizon_days": 7,
        "first_origin": "2024-03-10", "origins": 2, "test_days": 14, "tenants": 1, "tenants_not_scored": [],
        "series": 3, "series_not_scored": 0, "series_with_mase": 3, "series_days": 42, "series_days_open": 36,
        "series_days_sold_out_left_out": 3,
    }  # fmt: skip


def test_last_weeks_sales_are_the_naive_forecast(tables: Tables, save: Save, tmp_path: Path) -> None:
    result, _ = compare(save(tables, tmp_path), 2, QUICK)
    sold = {(row["product_id"], row["sales_date"]): row["quantity"] for row in tables["sales"].iter_rows(named=True)}
    missed = total = 0.0
    for product in ("rye", "roll", "cake"):
        for number in range(14):
            day = ORIGINS[0] + timedelta(days=number)
            missed += abs(sold.get((product, day), 0.0) - sold.get((product, day - timedelta(days=7)), 0.0))
            total += sold.get((product, day), 0.0)
    assert total > 0
    assert result.models[0]["wape"] == pytest.approx(missed / total)
    assert result.models[0]["fallback_share"] == 0.0


def test_the_json_holds_each_model_with_its_figures(tables: Tables, save: Save, tmp_path: Path) -> None:
    result, _ = compare(save(tables, tmp_path), 2, ("system", *QUICK))
    figures = as_json(result)
    assert [model["model"] for model in figures["models"]] == ["system", "SeasonalNaive"]
    for model in figures["models"]:
        assert {"wape", "wape_open", "mape", "mase", "rmsse", "bias", "pinball", "coverage80",
                "train_seconds_per_series", "predict_seconds_per_series"} <= set(model)  # fmt: skip
        assert 0 < model["wape"] < 1
        assert list(model["coverage_by_level"]) == QUANTILE_LEVELS
    system, naive = (model["coverage_by_level"] for model in figures["models"])
    assert None not in [*system.values(), *naive.values()]
    below, within = ([system[level][share] for level in QUANTILE_LEVELS] for share in ("below", "at_or_below"))
    assert below == sorted(below)
    assert within == sorted(within)
    assert all(low <= high for low, high in zip(below, within, strict=True))
    assert sum(figures["system"]["series_days_by_model"].values()) == 42


def test_a_bakery_too_new_to_be_trained_is_forecast_and_named(tables: Tables, save: Save, tmp_path: Path) -> None:
    recent = tables["sales"].filter(pl.col("sales_date") >= date(2024, 2, 24))
    result, _ = compare(save({**tables, "sales": recent}, tmp_path), 2, ("system",))
    assert "b" not in result.system["tenants_without_trained_model"]  # 22 days before the second origin
    fewer = tables["sales"].filter(pl.col("sales_date") >= date(2024, 3, 2))
    result, _ = compare(save({**tables, "sales": fewer}, tmp_path / "fewer"), 1, ("system",))
    assert "days of sales" in result.system["tenants_without_trained_model"]["b"]
    assert result.models[0]["wape"] < 1


def test_too_few_days_are_an_error_with_their_number(tables: Tables, save: Save, tmp_path: Path) -> None:
    with pytest.raises(CannotBacktest, match=r"span 83 days.*11 weeks need 91") as found:
        compare(save(tables, tmp_path), 11, QUICK)
    assert "\n" not in str(found.value)


def test_a_folder_without_sales_is_an_error(tables: Tables, save: Save, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"has no sales; add sales\.csv"):
        compare(save({name: tables[name] for name in ("tenants", "products")}, tmp_path), 2, QUICK)
