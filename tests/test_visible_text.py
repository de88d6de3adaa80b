"""Texts of others are shown as they are written, in Markdown too, which Dagster's pages render."""

from datetime import date

import pytest

from bakery_assets.visible_text import markdown_table, visible_values


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("Brötchen, rund (50 g)", "Brötchen, rund (50 g)"),
        ("Croissant 2/3 – klein", "Croissant 2/3 – klein"),
        ("日本 パン", "日本 パン"),
        ("rye_bread", "`rye_bread`"),
        ("![pixel](http://evil.example/p.png)", "`![pixel](http://evil.example/p.png)`"),
        ("see www.evil.example", "`see www.evil.example`"),
        ("<img src=x onerror=alert(1)>", "`<img src=x onerror=alert(1)>`"),
        ("**loud**", "`**loud**`"),
        ("a | b", "`a \\| b`"),
        ("a \\| b", "`a \\¦ b`"),
        ("`code` and ``more", "``` `code` and ``more ```"),
        ("a\u202eb", "`a\\u202eb`"),
        ("two\nlines", "`two\\nlines`"),
        ("", ""),
        (None, ""),
        (date(2026, 3, 1), "2026-03-01"),
        (-1.5, "-1.5"),
    ],
)
def test_a_table_shows_names_that_are_markdown_and_does_not_obey_them(text: object, cell: str) -> None:
    assert markdown_table(["name"], [[text]]) == f"| name |\n| --- |\n| {cell} |"


def test_texts_within_json_are_visible_and_numbers_are_as_they_were() -> None:
    rows = [{"product_id": "a\u202eb", "quantity": 3.0, "closed": None}]
    assert visible_values(rows) == [{"product_id": "a\\u202eb", "quantity": 3.0, "closed": None}]
