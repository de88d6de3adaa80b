"""docs/data_contract.md, rendered from the schema and the settings by `make render`."""

from datetime import time
from pathlib import Path

from sqlalchemy import Column, ForeignKeyConstraint, Table

from bakery_assets.schemas.setting_keys import SETTING_KEYS
from bakery_assets.settings import PROJECT, Settings
from resources.schema import imports, metadata, ops
from resources.schema.columns import public_columns
from resources.schema.packed import is_packed
from resources.warehouse.connection import sql_type

PAGE = PROJECT / "docs" / "data_contract.md"

HEAD = """# Data contract

The names that tills, apps, analysts and checks rely on. This page is rendered from the schema by
`make render`; a test holds it, the migrations and the live database equal.
Commands are listed by `bakery --help` and in the README. Of the planned names, `metrics`, and
schedules and sensors beyond those below are not there yet.

## How facts are loaded

`bakery load DIR` reads one CSV, Parquet or Excel file per table of the schema `ops`, named after the table.
`tenants`, `products` and `sales` are required, unless they are in the warehouse already. The key columns come first;
columns marked * may be left out or empty.

- **Master data** is kept current: a row with a known key replaces what was there.
- **Facts** are only appended. A fact's key includes `recorded_at`, when we learned it. Where a file does not give it,
  it follows from the date or instant that the fact is about, so that loading a file twice, in pieces or in any order
  gives the same tables. A different figure under the same key goes to quarantine; a correction carries a later
  `recorded_at`, or is loaded with `--corrections`, which records it as known now.
- **Weather** may be a forecast. Without `recorded_at` it is known from loading on, or from the end of its day if that
  was before; a figure that differs from the latest record takes its place from loading on, without `--corrections`.
- **Text** is UTF-8. A file that has no UTF-8 outside of ASCII is read as Windows-1252 as a whole, one in UTF-16 as
  such, and both are reported. Of a workbook the first visible sheet counts, with the column names in its first row.
- **Bad rows** go to `ops.quarantine` with folder, file, line, kind of fault (`code`), column and reason; the good
  rows of the file go on. Of a bad row only columns of the table are kept, and after `BAKERY_QUARANTINE_DAYS` nothing.
  A row that refers to a refused one says so. What a value means is checked, too: countries (ISO 3166, or XX for
  none), currencies (ISO 4217), regions, weekdays, and that no sale lies more than a month ahead.
- **Recipes** that a plan would leave out, because a unit cannot be converted or a recipe contains itself, are loaded
  and reported at the end of the load.

The load ends with what became of each file's rows, one example and the remedy for each kind of fault, and the status:
0 loaded, 1 where a file gave no row that is loaded or was known, or more than `BAKERY_MAX_REFUSED_SHARE` of all rows
were refused (with `--strict`: any), 2 where nothing could be read. `--check` stores nothing and reports the same.
`bakery quarantine list`, `show`, `export` and `clear` are for what was refused.

## How a till's export is read

`bakery import-pos FILE` reads a till's own export, text or Excel, and adds up its lines to days, and to hours where
every line of a day has a time. The till is recognized by its columns (`--tills` lists those that are known), or
chosen with `--till NAME`. Every profile is a YAML file in `bakery_assets/intake/tills` with the header of a real
export and where it was seen; one of your own has the same keys and is given as `--till my_till.yaml`:

```yaml
name: my-till
title: Our old till
columns: {article: Artikel, date: Datum, time: Zeit, quantity: Menge, revenue: Umsatz, location: Filiale, receipt: Bon}
date_order: day first          # or month first, where the dates do not show it; or date_format: "%d.%m.%y"
decimal: ","
refunds: {column: Art, values: [Retoure]}                     # count as negative, whatever their sign
left_out: [{column: Status, values: [storniert], what: canceled}]
not_products: [{column: Warengruppe, values: [Gutscheine], what: no product}]
receipt_columns: [Status]      # given on the first line of a receipt only
# quantity_each: true          # a line without a quantity is one piece
time_zone: {column: Zone, zones: {CET: Europe/Berlin}}
```

`price` is that of one unit, `revenue` what was taken for the line, after discounts. Known tills: Square (items
detail), Toast (item selections), Loyverse (receipts by item), Shopify (orders), SumUp (German sales report),
Zettle (Danish raw data) and Clover (line items).

Any other export is read by what its columns are called and hold; an option names a column, and `none` switches one
off. Then:

- The header is the first line that has an article and a date, or what `--skip N` leaves; `sep=;` and title lines are
  reported.
- A price column whose values are no numbers is none, nor is one that holds the takings of the line. Without one the
  price is takings over quantity. Where all three are there they have to agree: takings of more than 1.35 times, or
  less than a tenth of, quantity times price are refused. Takings that are negative give the article back.
- Dates such as 03/04/2026 are read as the file's other dates show; else so that no sale lies in the future, as earlier
  exports of the till did (`ops.till_forms`), so that three days or more follow each other, or as is usual in the
  tenant's country, and that is reported (`--date-format`). Where the country contradicts the sales that are known,
  which the other reading would continue, the file is refused with both readings. Decimal signs that nothing in the file
  shows are those of earlier exports.
- Without any column of numbers every line is one piece (`--quantity-each` says so where there are others). An export
  with a column for each article is refused, and so is one in which nothing shows whether 1.234 is a little more than
  one.
- Lines that say total, tip, discount, gift card or custom amount, and those whose status says canceled, are left out
  and reported.
- Shops are kept apart where a known till names several, or with `--location-column`; else all is sold in `main`.
- A day may come in several files, which count together (`ops.imports`, `ops.import_lines`): where every line has the
  number of its receipt, receipts merge by number and minute, and one that comes again counts once, as the newest file
  has it, or no more where that says that it is void. Without numbers the newest file of a till takes the place of what
  the till said of the day before, and that is reported; `--add` adds to it. Tills add up: a till is a known till or the
  names of an export's columns, or as `--source NAME` says.
- An export whose quantities, or takings of a unit, are about a thousand times or a thousandth of what its articles sold
  on other days within eight weeks is held back, for a decimal sign may have been misread; about a hundred times, where
  ten days of articles agree on it. `--decimal` or `--accept-jump` settle it.
- A file that was imported before, by its content, loads nothing. `bakery imports` lists what was imported, and
  `bakery undo-import ID` takes one back: sales become what they would be without it, recorded as known now, and what
  nothing tells of any more is withdrawn. Sales that no import gave, such as those of a folder, are contradicted by a
  file that tells otherwise, in quarantine; with `--corrections` it takes their place.

A plan uses the facts whose `recorded_at` is not after the tenant's planning instant, and of each
fact the latest such record. Current state (stock on hand, open orders) is derived from facts.

## How plans are read

Each table of the schema `plans` belongs to the asset of the stage that fills it. A cell is one tenant and one local
date (`tenant_id`, `plan_date`); its rows are replaced whole in one transaction, so a reader sees the old plan
or the new one. `plans.planning_runs` says how far each cell is. `reasoning` holds every term of the sum,
`consequence` what happens if no one acts. Ratios are fractions, never percent: 0.93 is 93%. A sum over a window of days
ends in `_<days>d`. The schema `marts` holds dbt views for questions across days.

Tables said to be views are read like any other. Their rows are stored together, as arrays, in a table of the same name
after `packed_`, whose form may change. `reasoning` is taken out of it row by row: a query over many days that does not
name that column is much faster.

## How long plans are kept

A plan is there in full for `BAKERY_DETAIL_DAYS` after its date, and what later plans read of it for as much longer as
they look back; results of validation by product and shop for `BAKERY_VALIDATION_DAYS`. Then only this is left of it,
for good: `planning_runs`, `plan_versions`, `daily_summaries`, `production_schedules`, `procurement_plans`,
`published_proposals`, lines in `published_orders` that became orders, batches in `published_batches` that events tell
of, losses in `stock_movements`, `stock_closing_balances`, `validation_runs`, `validation_leads`,
`validation_locations`, `override_scores`, `planning_costs`, `findings`, alerts, events, decisions and their outcomes,
and `forecast_history`, its forecasts. `plans.forecasts_by_lead` has these and those of plans that are there in full:

| column | meaning |
| --- | --- |
| `tenant_id` | The bakery |
| `plan_date` | Local date of the plan |
| `location_id` | Shop or kitchen |
| `product_id` | The product |
| `lead_days` | Days from the plan date to the day forecast |
| `target_date` | Day forecast |
| `yhat` | Expected demand, in units |

It runs with the rights of whoever asks.

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
| `started_at` | When it was started; not reported: when what came next happened |
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

## Purchase orders as of any instant

`plans.order_states_as_of(instant)` gives the state of every purchase order with what was known at that instant, in the
columns of `plans.order_states`, which is the same for now. Only confirmed receipts that name the order count. Changed
is what was changed since it was sent or confirmed; short is what came with less than was ordered, and no more expected.

### `plans.order_states`

| column | meaning |
| --- | --- |
| `tenant_id` | The bakery |
| `order_id` | The order |
| `supplier_id` | The supplier, as recorded last |
| `state` | ordered, sent, confirmed, changed, partly_received, received, short or cancelled |
| `expected_from` | Start of the first window of its lines |
| `expected_to` | End of the last window of its lines |
| `ordered_at` | When it was ordered |
| `sent_at` | When it left last; empty: no one has said so |
| `confirmed_at` | When the supplier confirmed it last; empty: no one has said so |
| `changed_at` | When a record last changed it; empty: never |
| `received_at` | When something of it came last; empty: nothing has |
| `lines` | Ingredients ordered; canceled ones do not count |
| `lines_received` | Of these, those of which all has come |

## Alerts about deliveries

Plans open and end alerts, but for `delivery_arriving_soon`, `delivery_overdue`, `stock_receipt_incomplete` and
`order_due`: the sensor `delivery_windows` looks after these every minute, and a plan does once when it is published.
`subject` is the order, of `order_due` the supplier; `opened_at` is the threshold that was passed, not the minute in
which it was seen.

`plans.events` has `delivery.scheduled` for each record of an order (a line with quantity 0 is canceled),
`delivery.cancelled` for one after which all its lines are, and `delivery.received` for each confirmed receipt. Loads
write them at once, the same sensor for rows that apps insert.
"""

DAGSTER = """## Dagster names

Asset keys are the stages' names, which are those of their first tables in `plans`; what else a stage fills is in its
asset's description. Tables of models and `marts` are assets of their own, facts external assets `ops/<table>`. Dynamic
partitions `tenant`; dimensions `date` and `tenant`; models and retrainings have `tenant` alone. Jobs `planning_wave`,
`plan_tenant_day`, `retrain_models`, `review_models`, `check_sales`, `build_marts`. Schedules `daily_planning`,
`weekly_retraining`, `model_review`, `housekeeping`. Sensors `tenant_registry`, `failed_cells`, `late_sales`,
`delivery_windows`, `plan_decisions`, `run_outcomes`, `run_cancellations`, `late_mornings`, `inbox`.
"""


def render() -> str:
    """The page."""
    parts = [HEAD, "## Settings\n\nFrom the environment or `.env`; the environment wins.\n", _settings()]
    parts += [
        "## Settings of a tenant\n\nRows of `ops.tenant_settings`, each from its `valid_from` on.\n",
        _tenant_settings(),
    ]
    parts += ["## Schema `ops`: what others write\n"]
    parts += [_table(table) for table in (*ops.LOADED, *imports.TABLES, ops.till_forms, ops.quarantine)]
    parts += ["## Schema `plans`: what we write\n"]
    parts += [_table(table) for table in metadata.sorted_tables if table.schema == "plans"]
    return "\n".join([*parts, DAGSTER])


def _settings() -> str:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else field.default
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
    kind = "View. " if is_packed(table) else "Facts. " if "fact" in table.info else ""
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
