"""docs/data_contract.md, rendered from the schema and the settings by `make render`."""

from datetime import time
from pathlib import Path

from sqlalchemy import Column, ForeignKeyConstraint, Table

from bakery_assets.schemas.setting_keys import SETTING_KEYS
from bakery_assets.settings import PROJECT, Settings
from resources.schema import metadata, ops
from resources.schema.columns import public_columns
from resources.warehouse.connection import sql_type

PAGE = PROJECT / "docs" / "data_contract.md"

HEAD = """# Data contract

The names that tills, apps, analysts and checks rely on. This page is rendered from the schema by
`make render`; a test holds it, the migrations and the live database equal.
Commands are listed by `bakery --help` and in the README. Of the planned names, `metrics`, the
table `events`, and schedules and sensors beyond those below are not there yet.

## How facts are loaded

`bakery load DIR` reads one CSV or Parquet file per table of the schema `ops`, named after the table.
`tenants`, `products` and `sales` are required, unless they are in the warehouse already. The key
columns come first; columns marked * may be left out or empty.

- **Master data** is kept current: a row with a known key replaces what was there.
- **Facts** are only appended. A fact's key includes `recorded_at`, when we learned it. Where a file does not give
  it, it follows from the date or instant that the fact is about, so that loading a file twice, in pieces or in any
  order gives the same tables. A different figure under the same key goes to quarantine; a correction carries a later
  `recorded_at`, or is loaded with `--corrections`, which records it as known now.
- **Weather** may be told ahead. Without `recorded_at` it is known from loading on, or from the end of its day if that
  was before; a figure that differs from the latest record takes its place from loading on, without `--corrections`.
- **Bad rows** go to `ops.quarantine` with file, line, column and reason; the good rows of the file go on.

- **Tills.** `bakery import-pos FILE` reads a till's own export and adds up its tickets to days. A day's tickets belong
  in one file: a second file with more of the same day contradicts the first and goes to quarantine, and with
  `--corrections` it takes the first one's place.

A plan uses the facts whose `recorded_at` is not after the tenant's planning instant, and of each
fact the latest such record. Current state (stock on hand, open orders) is derived from facts.

## How plans are read

Each table of the schema `plans` belongs to the asset of the same name. A cell is one tenant and one local date
(`tenant_id`, `plan_date`); its rows are replaced whole in one transaction, so a reader sees the old plan
or the new one. `plans.planning_runs` says how far each cell is. `reasoning` holds every term of the sum,
`consequence` what happens if no one acts. Ratios are fractions, never percent: 0.93 is 93%. A sum over a window of days
ends in `_<days>d`. The schema `marts` holds dbt views for questions across days.

## Batches as of any instant

`plans.batch_states_as_of(instant)` gives the state of every batch with what was known at that instant, in the columns
of `plans.batch_states`, which is the same for now. `plans.judged_batch_events_as_of(instant)` gives batch events in
their latest records, each with whether a later record corrects it (`is_corrected`) or it contradicts
(`contradiction`), `plans.batches_of_record_as_of(instant)` each batch as it was published last, and whether the plan
that counts for its day has it.

### `plans.batch_states`

| column | meaning |
| --- | --- |
| `tenant_id` | The bakery |
| `schedule_date` | Day it is sold first |
| `batch_number` | The batch |
| `product_id` | As planned, else as an event names it |
| `quantity_planned` | Quantity as published last; empty: never planned |
| `is_of_record` | The plan that counts for its day has it; otherwise it was given up, or never planned |
| `state` | planned, confirmed, in_progress, quality_check, completed, failed or cancelled |
| `is_assumed` | Only the record says that it has begun or is completed |
| `confirmed_at` | When it was confirmed |
| `started_at` | When it was started; where nobody said, when what came next happened |
| `checked_at` | When its quality was checked |
| `ended_at` | When it finished, failed or was cancelled |
| `quantity_made` | Good units, by the event of its end; empty: as planned |
| `wasted_quantity` | Units made and thrown away, by the same |
| `reason` | Why, by its last event that says |
| `who` | Who reported its last event |

### `plans.batch_event_contradictions`

Events that contradict, which every plan puts aside.

| column | meaning |
| --- | --- |
| `tenant_id` | The bakery |
| `schedule_date` | Day of the batch |
| `batch_number` | The batch |
| `event` | What was reported |
| `happened_at` | When it is to have happened |
| `recorded_at` | When we learned it |
| `who` | Who reported it |
| `contradiction` | What it contradicts, as a code |
| `reason` | What is wrong, and what to do |

They run with the rights of whoever asks. What corrects and what contradicts is listed in `docs/architecture.md`.
"""

DAGSTER = """## Dagster names

Asset keys are the names of the tables in `plans` and `marts`; the facts are external assets `ops/<table>`. Dynamic
partitions `tenant`; dimensions `date` and `tenant`; models and retrainings have `tenant` alone. Jobs `planning_wave`,
`plan_tenant_day`, `retrain_models`, `review_models`, `check_sales`, `build_marts`. Schedules `daily_planning`,
`weekly_retraining`, `model_review`, `housekeeping`. Sensors `tenant_registry`, `failed_cells`, `late_sales`,
`plan_decisions`, `run_outcomes`, `run_cancellations`, `late_mornings`.
"""


def render() -> str:
    """The page."""
    parts = [HEAD, "## Settings\n\nFrom the environment or `.env`; the environment wins.\n", _settings()]
    parts += [
        "## Settings of a tenant\n\nRows of `ops.tenant_settings`, each from its `valid_from` on.\n",
        _tenant_settings(),
    ]
    parts += ["## Schema `ops`: what others write\n"]
    parts += [_table(table) for table in (*ops.LOADED, ops.quarantine)]
    parts += ["## Schema `plans`: what we write\n"]
    parts += [_table(table) for table in metadata.sorted_tables if table.schema == "plans"]
    return "\n".join([*parts, DAGSTER])


def _settings() -> str:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        if isinstance(default, Path):
            default = default.relative_to(PROJECT)
        rows.append(f"| `BAKERY_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def _tenant_settings() -> str:
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    for each in SETTING_KEYS:
        default = f"{each.default:%H:%M}" if isinstance(each.default, time) else (each.default or "")
        rows.append(f"| `{each.key}` | {each.expected} | {default} | {each.meaning} |")
    return "\n".join(rows) + "\n"


def _table(table: Table) -> str:
    kind = "" if table.schema == "plans" else ("Facts. " if "fact" in table.info else "")
    rows = [
        f"### `{table.fullname}`\n",
        f"{kind}{table.comment}\n",
        "| column | type | meaning |",
        "| --- | --- | --- |",
    ]
    references = {
        element.parent.name: constraint.referred_table.fullname
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
        for element in constraint.elements
        if element.parent.name not in ("tenant_id", "plan_date")
    }
    rows += [_column(table, column, references) for column in public_columns(table)]
    return "\n".join(rows) + "\n"


def _column(table: Table, column: "Column[object]", references: dict[str, str]) -> str:
    name = f"**`{column.name}`**" if column.primary_key else f"`{column.name}`"
    optional = column.nullable or column.server_default is not None or column.name == "recorded_at"
    target = f" → `{references[column.name]}`" if column.name in references else ""
    return f"| {name}{'*' if optional else ''} | {sql_type(table, column.name).lower()} | {column.comment}{target} |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
