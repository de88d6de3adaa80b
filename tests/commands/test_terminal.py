"""Names in what commands print are shown and never obeyed."""

import io

import pytest
from rich.table import Table
from rich.text import Text

from bakery_assets.commands.intake import progress_bars
from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.visible_text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Brötchen „rund“ 日本語 ½ –", "Brötchen „rund“ 日本語 ½ –"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\x00b\x9bc\x7f", "a\\x00b\\x9bc\\x7f"),
        ("soft\xadhyphen\u200b", "soft\\xadhyphen\\u200b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_hidden_characters_are_written_out_and_letters_of_all_scripts_are_not(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_console_writes_them_out_wherever_they_stand() -> None:
    out = io.StringIO()
    console = VisibleConsole(file=out, force_terminal=True, color_system="standard", width=100, highlight=False)
    table = Table("name")
    table.add_row("evil\x1b[2J [red]name")
    console.print(table)
    console.print(Text("two\nlines\x1b]0;title\x07", style="bold"))
    console.print("[/] :bread: [bold]name[/]")
    with progress_bars(console) as report:
        report("[/]sales\x1b[2J.csv", 1, 2)
    reported = out.getvalue()
    assert "evil\\x1b[2J [red]" in reported
    assert "lines\\x1b]0;title" in reported
    assert "[/]sales\\x1b[2J.csv" in reported
    assert "[/] :bread: [bold]name[/]" in reported
    assert "\x1b[2J" not in reported
    assert "\x1b]" not in reported
    assert "\x1b[1m" in reported  # rich's own
