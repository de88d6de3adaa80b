"""A purchase order as HTML to print, as PDF, and as CSV for the supplier's own system."""

import csv
import html
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from bakery_assets.order_documents.document import OrderDocument, Writing, writing_of
from bakery_assets.order_documents.scripts import (
    DEJAVU,
    DEJAVU_BOLD,
    EAST_ASIAN,
    font_file,
    is_east_asian,
    is_right_to_left,
    printable,
)

if TYPE_CHECKING:
    from fpdf import FPDF

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute text that begins so
STYLE = (
    "body{font:11pt/1.5 'DejaVu Sans',Arial,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.5em;margin-bottom:.3em}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1.5em}"
    "dt{color:#555}dd{margin:0}table{border-collapse:collapse;width:100%;margin:1.5em 0}"
    "th,td{border-bottom:1px solid #ccc;padding:.4em .6em;text-align:left}.n{text-align:right;white-space:nowrap}"
    "tfoot td{font-weight:bold;border-top:2px solid #333;border-bottom:0}@media print{body{margin:0}}"
)


def as_html(order: OrderDocument) -> str:
    """A page of its own, with no script and nothing to load; names are shown and never obeyed."""
    writing = writing_of(order.country)
    words = writing.words
    facts = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in _facts(order))
    head, *rows = _table(order, writing)
    cells = "".join("<tr>" + "".join(_cell("td", *each) for each in zip(row, NUMERIC, strict=True)) for row in rows)
    total = writing.money(order.total, order.currency)
    foot = f'<tr><td colspan="5">{html.escape(words["total"])}</td><td class="n">{html.escape(total)}</td>'
    return (
        f'<!doctype html><html lang="{writing.language}"><meta charset="utf-8">'
        f"<title>{html.escape(words['title'])} {html.escape(order.order_id)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(words['title'])}</h1><dl>{facts}</dl><table><thead><tr>"
        f"{''.join(_cell('th', *each) for each in zip(head, NUMERIC, strict=True))}</thead><tbody>{cells}</tbody>"
        f"{f'<tfoot>{foot}</tfoot>' if total else ''}</table><p>{html.escape(words['note'])}</p></html>\n"
    )


def as_pdf(order: OrderDocument) -> bytes:
    """An A4 page, or several; the same order gives the same bytes.

    In place of a name in a script that none of its fonts has, it says that the name is in the page and the table.
    """
    from fpdf.enums import XPos, YPos
    from fpdf.fonts import FontFace

    writing = writing_of(order.country)
    instead = str(writing.words["unprintable"])
    facts = [(name, printable(value, instead)) for name, value in _facts(order)]
    rows = [tuple(printable(text, instead) for text in row) for row in _table(order, writing)]
    page = _empty_pdf([text for row in (*facts, *rows) for text in row])
    page.set_creation_date(order.expected_from)
    page.set_title(f"{writing.words['title']} {order.order_id}")
    page.set_lang(writing.locale.replace("_", "-"))
    page.set_font("DejaVu", "B", 18)
    page.cell(text=writing.words["title"], new_x=XPos.LMARGIN, new_y=YPos.NEXT, h=12)
    for name, value in facts:
        page.set_font("DejaVu", "", 10)
        page.cell(45, 7, name)
        page.set_font("DejaVu", "B", 10)
        page.multi_cell(0, 7, value, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(5)
    page.set_font("DejaVu", "", 9)
    if order.total is not None:
        rows.append((writing.words["total"], "", "", "", "", writing.money(order.total, order.currency)))
    alignment = tuple("RIGHT" if is_number else "LEFT" for is_number in NUMERIC)
    with page.table(
        col_widths=(24, 42, 18, 14, 26, 26), text_align=alignment, borders_layout="HORIZONTAL_LINES", line_height=7,
        headings_style=FontFace(emphasis="BOLD"),
    ) as table:  # fmt: skip
        for row in rows:
            cells = table.row()
            for text in row:
                cells.cell(text)
    page.ln(5)
    page.multi_cell(0, 6, writing.words["note"])
    return bytes(page.output())


def _empty_pdf(texts: Sequence[str]) -> "FPDF":
    """A PDF with the fonts for some texts, at its first page."""
    from fpdf import FPDF

    page = FPDF(format="A4")
    for style, file in (("", DEJAVU), ("B", DEJAVU_BOLD)):
        page.add_font("DejaVu", style, font_file(file))
    others = ["DejaVu"]  # the bold one has fewer letters
    if is_east_asian(texts):
        page.add_font("Noto", "", font_file(EAST_ASIAN))
        others.append("Noto")
    page.set_fallback_fonts(others, exact_match=False)
    page.set_text_shaping(is_right_to_left(texts))
    page.set_auto_page_break(auto=True, margin=20)
    page.set_margin(20)
    page.add_page()
    return page


def as_csv(order: OrderDocument) -> str:
    """One line for each ingredient, figures with a decimal point; the header is in the bakery's language."""
    writing = writing_of(order.country)
    words = writing.words
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    heads = ("number", "supplier", "deliver_on", *COLUMNS)
    writer.writerow([words[name] for name in heads])
    for line in order.lines:
        texts = [order.order_id, order.supplier, order.expected_to.date().isoformat(), line.item_number, line.item]
        figures = ["" if value is None else f"{value:g}" for value in (line.quantity, line.unit_price)]
        cost = "" if line.cost is None else f"{line.cost:.2f} {order.currency}"
        writer.writerow([*map(_harmless, texts), figures[0], writing.unit(line.unit), figures[1], cost])
    return out.getvalue()


COLUMNS = ("item_number", "item", "quantity", "unit", "price", "cost")
NUMERIC = (False, False, True, False, True, True)


def _facts(order: OrderDocument) -> list[tuple[str, str]]:
    writing = writing_of(order.country)
    words = writing.words
    return [
        (words["number"], order.order_id),
        (words["ordered_by"], order.bakery),
        (words["supplier"], order.supplier),
        (words["ordered_on"], writing.day(order.ordered_on)),
        (words["deliver_on"], writing.delivery(order)),
    ]


def _table(order: OrderDocument, writing: Writing) -> list[tuple[str, ...]]:
    """The heading and a row for each line."""
    rows: list[tuple[str, ...]] = [tuple(writing.words[name] for name in COLUMNS)]
    rows += [
        (
            line.item_number, line.item, writing.number(line.quantity), writing.unit(line.unit),
            writing.price(line.unit_price), writing.money(line.cost, order.currency),
        )
        for line in order.lines
    ]  # fmt: skip
    return rows


def _cell(tag: str, text: str, is_number: bool) -> str:
    return f"<{tag}{' class=n' if is_number else ''}>{html.escape(text)}</{tag}>"


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULAS) else text
