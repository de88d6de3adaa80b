"""Rows as people read them in the Dagster UI: the first of each bakery, times local, numbers short, no JSON."""

import polars as pl
from sqlalchemy import Table

from bakery_assets.local_time import with_local_times
from bakery_assets.visible_text import markdown_cell

PREVIEW_ROWS = 8
LONGEST = 80  # characters of a text; a longer one is cut
_CELL = ("tenant_id", "plan_date")  # the page they stand on says both


def shown_rows(frame: pl.DataFrame, cells: pl.DataFrame, table: Table) -> dict[str, str]:
    """A Markdown table by tenant with its first rows, and how many there are where not all are shown.

    Args:
        frame: rows of ``table``, of many tenants.
        cells: with ``tenant_id`` and ``timezone``; times are shown as its clocks show them.
    """
    columns = [name for name in frame.columns if name not in _CELL and "json" not in table.columns[name].info]
    first = frame.select("tenant_id", *columns).with_columns(of=pl.len().over("tenant_id"))
    first = first.filter(pl.int_range(pl.len()).over("tenant_id") < PREVIEW_ROWS)
    instants = [name for name in columns if isinstance(frame.schema[name], pl.Datetime)]
    if instants:
        zones = cells.select("tenant_id", "timezone")
        first = with_local_times(
            first.join(zones, on="tenant_id", maintain_order="left"), **{name: name for name in instants}
        )
    # Columns that are empty in all rows tell nothing.
    shown = [name for name in columns if first[name].null_count() < first.height]
    texts = first.select("tenant_id", "of", *(_as_text(name, first.schema[name]) for name in shown))
    lines = texts.group_by("tenant_id", maintain_order=True).agg(
        line=pl.concat_str(*shown, separator=" | ") if shown else pl.lit(""), of=pl.first("of")
    )
    heading = [f"| {' | '.join(shown)} |", f"| {' | '.join('---' for _ in shown)} |"]
    return {
        tenant: "\n".join([*heading, *(f"| {row} |" for row in rows), *_more(of)])
        for tenant, rows, of in lines.select("tenant_id", "line", "of").iter_rows()
    }


def preview(rows: pl.DataFrame) -> str:
    """The first rows of a frame as a Markdown table."""
    if rows.is_empty():
        return "no rows"
    texts = rows.head(PREVIEW_ROWS).select(_as_text(name, kind) for name, kind in rows.schema.items())
    lines = [texts.columns, ["---"] * texts.width, *texts.iter_rows()]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *_more(rows.height)])


def _more(of: int) -> list[str]:
    return [f"\n{PREVIEW_ROWS} of {of:,} rows"] if of > PREVIEW_ROWS else []


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        text = column.dt.strftime("%-d %b %H:%M")
    elif isinstance(kind, pl.Boolean):
        text = pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no"))
    elif kind.is_float():
        # As a person would write it: 12, 12.5 and 0.0042, not 12.0 and 12.499999.
        rounded = pl.when(column.abs() >= 1).then(column.round(2)).otherwise(column.round_sig_figs(2))
        text = rounded.cast(pl.String).str.strip_suffix(".0")
    else:
        whole = column.cast(pl.String)
        cut = pl.when(whole.str.len_chars() > LONGEST).then(whole.str.head(LONGEST - 1) + "…").otherwise(whole)
        text = cut.map_elements(markdown_cell, return_dtype=pl.String)
    return text.fill_null("").alias(name)
