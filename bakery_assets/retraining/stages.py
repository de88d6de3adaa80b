"""The stages of a retraining: the data-quality gate, the triggers, and the training.

What they compute belongs to ``quality``, ``triggers`` and ``forecasting.training``; how bakeries go through them, and
what follows for those that fail, is in ``batch``.
"""

from typing import TypedDict, cast

import dataframely as dy

from bakery_assets.cells import Frames
from bakery_assets.forecasting import train_models
from bakery_assets.forecasting.data.context import ContextFacts
from bakery_assets.quality import evaluate_sales_checks
from bakery_assets.retraining.triggers import find_triggers
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.stages import Stage


class GateVerdicts(dy.Schema):
    """Whether a tenant's sales are fit to train on."""

    tenant_id = col.tenant_id()
    passed = col.boolean("No blocking expectation fails")
    verdict = col.text("What follows, in a sentence")
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


def run_quality_gate(cells: dy.DataFrame[Cells], inputs: GateInputs) -> GateTables:
    """The data-quality gate: which tenants' sales are fit to train on; see ``quality``."""
    checked = evaluate_sales_checks(cells, cast(Frames, inputs))
    return GateTables(gate=conform(GateVerdicts, checked["gate"]), findings=conform(GateFindings, checked["findings"]))


GATE = Stage.of(run_quality_gate)
TRIGGERS = Stage.of(find_triggers)
TRAINING = Stage.of(train_models)
FACTS = sorted({*GATE.reads, *ContextFacts.__annotations__})
