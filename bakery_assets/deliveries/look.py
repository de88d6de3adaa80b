"""A look: what the watch sees of some bakeries at an instant, and their alerts after it."""

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.deliveries.alerts import alerts_after_watch, alerts_over, unreported
from bakery_assets.deliveries.endings import endings
from bakery_assets.deliveries.order_reminders import ReminderInputs, order_reminders
from bakery_assets.deliveries.texts import DeliveryFindings, TextInputs, delivery_findings
from bakery_assets.deliveries.watch import (
    CAUSE,
    ReportedLines,
    WatchedDeliveries,
    WatchedLines,
    WatchFacts,
    reported_lines,
    watched_deliveries,
    watched_lines,
)
from bakery_assets.schemas import Cells, conform, ops, plans


@dataclass(frozen=True)
class Look:
    """What is to be reported of some bakeries at their instants."""

    cells: dy.DataFrame[Cells]
    lines: dy.DataFrame[WatchedLines]
    reported: dy.DataFrame[ReportedLines]
    watched: dy.DataFrame[WatchedDeliveries]
    reminders: dy.DataFrame[DeliveryFindings]

    @classmethod
    def at(cls, cells: dy.DataFrame[Cells], facts: WatchFacts, reminders: ReminderInputs) -> "Look":
        """Look at facts; ``planned_as_of`` of a cell is the instant of the look, ``plan_date`` its local date."""
        lines = watched_lines(cells, facts)
        reported = reported_lines(lines)
        return cls(cells, lines, reported, watched_deliveries(cells, reported), order_reminders(cells, reminders))

    @property
    def causes(self) -> pl.DataFrame:
        """``tenant_id, cause, told_of`` of all that holds now."""
        told_of = pl.col("reasoning").str.json_path_match("$.told_of")
        return pl.concat([self.watched.select(*CAUSE, "told_of"), self.reminders.select(*CAUSE, told_of=told_of)])

    def concerned(self, alerts: dy.DataFrame[plans.Alerts]) -> pl.DataFrame:
        """``tenant_id`` of those of which something has to be reported, or of which an alert is over."""
        due = [unreported(self.causes, alerts), alerts_over(alerts, self.causes)]
        return pl.concat([each.select("tenant_id") for each in due]).unique().sort("tenant_id")


def alerts_after_look(
    look: Look,
    before: dy.DataFrame[plans.Alerts],
    inputs: TextInputs,
    acknowledgements: dy.DataFrame[ops.AlertAcknowledgements],
) -> dy.DataFrame[plans.Alerts]:
    """The alerts of the bakeries looked at, sorted by key.

    Args:
        before: their alerts that are not archived.
        inputs: what texts and endings need of the bakeries of which something has to be reported.
    """
    over = alerts_over(before, look.causes)
    ended = endings(look.cells, over, look.lines, look.reported, inputs)
    new = unreported(look.causes, before).select(CAUSE)
    watched = conform(WatchedDeliveries, look.watched.join(new, on=CAUSE, how="semi"))
    reported = conform(ReportedLines, look.reported.join(new, on=CAUSE, how="semi"))
    findings = pl.concat(
        [
            delivery_findings(look.cells, watched, reported, look.lines, inputs),
            look.reminders.join(new, on=CAUSE, how="semi"),
        ]
    )
    return alerts_after_watch(look.cells, before, conform(DeliveryFindings, findings), ended, acknowledgements)
