"""The stages of a retraining: the data-quality gate, the triggers, and the training.

What they compute belongs to ``quality``, ``triggers`` and ``forecasting.training``; how bakeries go through them, and
what follows for those that fail, is in ``batch``.
"""

from typing import TypedDict, cast

import dataframely as dy

from bakery_assets.cells import Frames
from bakery_assets.forecasting import train_models
from bakery_assets.quality import judge_sales
from bakery_assets.retraining.triggers import CarriedOverSeries, find_triggers
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col
from bakery_assets.stages import Stage


class GateVerdicts(dy.Schema):
    """Whether a tenant's sales are fit to train on."""

    tenant_id = col.tenant_id()
    passed = col.boolean("No blocking expectation fails")
    reasons = col.json("The findings, blocking ones first, as an array")


class GateFindings(dy.Schema):
    """Expectations that a tenant's sales fail."""

    tenant_id = col.tenant_id()
    expectation = col.key_text("Name of the expectation", primary_key=True)
    severity = col.text("blocking or warning", primary_key=True)
    rows = col.integer("Rows that fail it", maximum=2**31 - 1)
    explanation = col.text("What is wrong, in a sentence")
    worst_rows = dy.String(alias="sample", description="The worst rows, as an array", metadata={"json": True})


class GateInputs(TypedDict):
    """What the gate reads."""

    tenants: dy.DataFrame[ops.Tenants]
    products: dy.DataFrame[ops.Products]
    sales: dy.DataFrame[ops.Sales]
    calendar: dy.DataFrame[ops.Calendar]


class GateTables(TypedDict):
    """What the gate writes."""

    gate: dy.DataFrame[GateVerdicts]
    findings: dy.DataFrame[GateFindings]


class TrainingFacts(TypedDict):
    """The facts that models are trained on."""

    tenants: dy.DataFrame[ops.Tenants]
    products: dy.DataFrame[ops.Products]
    sales: dy.DataFrame[ops.Sales]
    sales_hourly: dy.DataFrame[ops.SalesHourly]
    calendar: dy.DataFrame[ops.Calendar]
    weather: dy.DataFrame[ops.Weather]


class TrainingInputs(TrainingFacts):
    """What the training reads.

    ``boosters`` has at most one row; ``incumbents`` are the models in use; series ``carried_over`` keep theirs.
    """

    boosters: dy.DataFrame[plans.Boosters]
    incumbents: dy.DataFrame[plans.SeriesModels]
    carried_over: dy.DataFrame[CarriedOverSeries]


class TrainedVersions(dy.Schema):
    """Rows of ``model_versions`` before they are stored and have a role."""

    tenant_id = plans.ModelVersions.tenant_id
    model_version = plans.ModelVersions.model_version
    trained_as_of = plans.ModelVersions.trained_as_of
    trained_through = plans.ModelVersions.trained_through
    booster_id = plans.ModelVersions.booster_id
    effects = plans.ModelVersions.effects
    facts = plans.ModelVersions.facts
    libraries = plans.ModelVersions.libraries
    scores = plans.ModelVersions.scores


class TrainedSeriesModels(dy.Schema):
    """Rows of ``series_models`` before it is known which of them are carried over, and from when."""

    tenant_id = plans.SeriesModels.tenant_id
    model_version = plans.SeriesModels.model_version
    location_id = plans.SeriesModels.location_id
    product_id = plans.SeriesModels.product_id
    model = plans.SeriesModels.model
    parameters = plans.SeriesModels.parameters
    error_quantiles = plans.SeriesModels.error_quantiles
    scores = plans.SeriesModels.scores


class TrainingTables(TypedDict):
    """What the training writes."""

    model_versions: dy.DataFrame[TrainedVersions]
    series_models: dy.DataFrame[TrainedSeriesModels]


def run_quality_gate(cells: dy.DataFrame[Cells], inputs: GateInputs) -> GateTables:
    """The data-quality gate: which tenants' sales are fit to train on; see ``quality``."""
    checked = judge_sales(cells, cast(Frames, inputs))
    return GateTables(gate=conform(GateVerdicts, checked["gate"]), findings=conform(GateFindings, checked["findings"]))


def train(cells: dy.DataFrame[Cells], inputs: TrainingInputs, cluster: str | None = None) -> TrainingTables:
    """A model version for each tenant; see ``forecasting.training``.

    Args:
        cluster: address of a Dask scheduler that the training is spread over; None: this process.
    """
    trained = train_models(cells, cast(Frames, inputs), cluster)
    return TrainingTables(
        model_versions=conform(TrainedVersions, trained["model_versions"]),
        series_models=conform(TrainedSeriesModels, trained["series_models"]),
    )


GATE = Stage.of(run_quality_gate)
TRIGGERS = Stage.of(find_triggers)
TRAINING = Stage.of(train)
FACTS = sorted({*GATE.reads, *TrainingFacts.__annotations__})
