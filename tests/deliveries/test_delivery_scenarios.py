"""Deliveries of a bakery watched over hours: facts as tables, and the alerts after each look as text.

`BAKERY_ACCEPT=1` writes the alerts as they come out; read them before you keep them.
"""

import os
import textwrap
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dataframely as dy
import pytest

from bakery_assets.schemas import plans
from tests.deliveries.watches import watched
from tests.scenarios import sections

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_alerts_about_deliveries_are_as_written(path: Path) -> None:
    facts, _, expected = path.read_text().partition("\n== ")
    zone = ZoneInfo(str(sections(facts)["cells"][0]["timezone"]))
    text = "".join(
        f"\n== {at.astimezone(zone):%a %Y-%m-%d %H:%M}\n{reported(alerts, at, zone)}"
        for at, alerts in watched(facts).items()
    )
    if os.environ.get("BAKERY_ACCEPT") == "1":
        path.write_text(facts + text)
    assert text == f"\n== {expected}"


def reported(alerts: dy.DataFrame[plans.Alerts], at: datetime, zone: ZoneInfo) -> str:
    """What is open, and what has ended at this look."""
    lines = []
    for row in alerts.sort("opened_at", "alert_id").iter_rows(named=True):
        since = f"since {row['opened_at'].astimezone(zone):%a %H:%M}"
        head = f"{row['priority']} {row['severity']} {row['alert_id']} ({row['status']}, {since})"
        if row["resolved_at"] == at:
            lines += [head, *wrapped(f"ended: {row['resolution']}")]
        elif row["resolved_at"] is None:
            lines += [head, *wrapped(row["message"]), *wrapped(f"Otherwise: {row['consequence']}")]
            lines += wrapped(f"Do: {row['suggested_action']}")
    return "".join(f"{line}\n" for line in lines or ["nothing"])


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="   ", subsequent_indent="      ", break_on_hyphens=False)
