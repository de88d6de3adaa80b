"""The cost benchmark reads what the stage reads; a new input would else show only where it is run."""

import pytest

from bakery_assets.forecasting import forecast_demand
from bakery_assets.stages import Stage
from benchmarks.forecast_cost import DATA, PRODUCTS, frames_and_cells


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the bread chain is not at {DATA}")
def test_the_stage_forecasts_the_series_that_its_cost_is_measured_with() -> None:
    frames, cells = frames_and_cells(PRODUCTS)
    made = Stage.of(forecast_demand).plan(cells, frames)["demand_forecasts"]
    assert made.height == PRODUCTS * 7
    assert made["yhat"].sum() > 0
