"""Purchase orders to print and to send, in the language of the bakery's country."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from bakery_assets.order_documents import OrderDocument, OrderLine, as_csv, as_html, as_pdf
from bakery_assets.order_documents.document import writing_of

ORDER = OrderDocument(
    order_id="PO-20260105-1-P01",
    bakery="Bäckerei Müller & Söhne",
    country="DE",
    supplier="Mühle Łódź",
    ordered_on=date(2026, 1, 5),
    expected_from=datetime(2026, 1, 6, tzinfo=UTC),
    expected_to=datetime(2026, 1, 6, 23, 59, tzinfo=UTC),
    currency="EUR",
    lines=(
        OrderLine("flour", "Weizenmehl Type 550", 1250.0, "kg", 0.875),
        OrderLine("eggs", "Eier", 360.0, "piece", 0.25),
    ),
)


@pytest.mark.parametrize(
    ("country", "language", "title", "day", "total"),
    [
        ("DE", "de", "Bestellung", "Dienstag, 6. Januar 2026", "1.183,75\xa0€"),
        ("AT", "de", "Bestellung", "Dienstag, 6. Jänner 2026", "€\xa01.183,75"),
        ("MX", "es", "Pedido de compra", "martes, 6 de enero de 2026", "EUR1,183.75"),
        ("ES", "es", "Pedido de compra", "martes, 6 de enero de 2026", "1.183,75\xa0€"),
        ("US", "en", "Purchase order", "Tuesday, January 6, 2026", "€1,183.75"),
        ("JP", "en", "Purchase order", "Tuesday, January 6, 2026", "€1,183.75"),
        ("XX", "en", "Purchase order", "Tuesday, January 6, 2026", "€1,183.75"),
    ],
)
def test_the_page_is_in_the_language_of_the_country(
    country: str, language: str, title: str, day: str, total: str
) -> None:
    page = as_html(replace(ORDER, country=country))
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert f"<dd>{day}</dd>" in page
    assert f'<td class="n">{total}</td>' in page
    assert ("0,875" if country in ("DE", "AT", "ES") else "0.875") in page


def test_names_are_shown_and_not_obeyed() -> None:
    evil = replace(ORDER, supplier="<script>alert(1)</script>", lines=(OrderLine("=1+1", "@cmd", 1.0, "kg", None),))
    page = as_html(evil)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<tfoot>" not in page, "without a price there is no total"
    assert as_csv(evil).splitlines()[1].split(",")[3:6] == ["'=1+1", "'@cmd", "1"]


def test_the_table_has_a_line_for_each_ingredient_with_plain_figures() -> None:
    lines = as_csv(ORDER).splitlines()
    assert lines[0].startswith("Bestellnummer,Lieferant,Lieferung am,Art.-Nr.,Artikel,Menge")
    assert lines[1:] == [
        "PO-20260105-1-P01,Mühle Łódź,2026-01-06,flour,Weizenmehl Type 550,1250,kg,0.875,1093.75 EUR",
        "PO-20260105-1-P01,Mühle Łódź,2026-01-06,eggs,Eier,360,Stk.,0.25,90.00 EUR",
    ]


def test_a_window_of_hours_is_written_and_a_whole_day_is_not() -> None:
    narrow = replace(
        ORDER, expected_from=datetime(2026, 1, 6, 6, tzinfo=UTC), expected_to=datetime(2026, 1, 6, 9, 30, tzinfo=UTC)
    )
    assert "Dienstag, 6. Januar 2026, zwischen 06:00 und 09:30 Uhr" in as_html(narrow)
    assert "zwischen" not in as_html(ORDER)


def test_the_pdf_is_one_and_the_same_order_gives_the_same_bytes() -> None:
    made = as_pdf(ORDER)
    assert made.startswith(b"%PDF-")
    assert made == as_pdf(ORDER)
    many = replace(ORDER, lines=ORDER.lines * 40)
    assert as_pdf(many).count(b"/Type /Page\n") > 1


LEFT_TO_RIGHT = ("Мукомольный завод", "Μύλοι Αθηνών", "北京面粉厂", "麵粉", "薄力粉ミックス", "강력분")
RIGHT_TO_LEFT = ("مطحنة القدس", "דקיק לחם", "麵粉", "Weizenmehl")


@pytest.mark.parametrize("names", [LEFT_TO_RIGHT, RIGHT_TO_LEFT], ids=["left to right", "right to left"])
def test_the_pdf_has_names_in_the_scripts_that_suppliers_write(names: tuple[str, ...]) -> None:
    lines = tuple(OrderLine(f"item-{number}", name, 1.0, "kg", None) for number, name in enumerate(names))
    order = replace(ORDER, supplier=names[0], lines=lines)
    made = as_pdf(order)
    text = text_of(made)
    assert [name for name in names if "".join(name.split()) not in text] == []
    assert "nichtgedruckt" not in text
    assert made == as_pdf(order)


def test_the_pdf_says_which_name_it_cannot_print() -> None:
    """No font has Thai; of the name what can be read stays, and the page and the table have all of it."""
    order = replace(ORDER, country="US", supplier="Mill โรงสี", lines=(OrderLine("flour", "แป้งสาลี", 1.0, "kg", None),))
    text = text_of(as_pdf(order))
    assert "SupplierMill(anamethatcannotbeprintedhere:seethepageorthetableofthisorder)" in text
    assert "flour(anamethatcannotbeprinted" in text
    assert "Mill โรงสี" in as_html(order)
    assert "แป้งสาลี" in as_csv(order)


def text_of(pdf: bytes) -> str:
    """The text that can be marked and copied in a PDF, without blanks; pypdf puts a null before East Asian letters."""
    return "".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().replace("\0", "").split())


def test_every_language_has_every_text() -> None:
    wanted = writing_of("US").words
    for country in ("DE", "ES"):
        words = writing_of(country).words
        assert set(words) == set(wanted)
        assert set(words["units"]) == set(wanted["units"])
