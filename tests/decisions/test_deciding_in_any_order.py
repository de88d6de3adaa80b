"""Whatever people decide, whichever plans come meanwhile and whenever it is read: nothing is ordered twice."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bakery_assets.decisions.facts import DecisionFacts
from bakery_assets.decisions.settling import Settlement, settle
from bakery_assets.decisions.states import PlanStates
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas import plans as plans_of
from tests.decisions.test_decision_scenarios import ALWAYS, LEFT_OUT, SCHEMAS, ZONE
from tests.scenarios import defaults_of, frame_of, sections

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINES = {"P01": [("R001", "flour", "mill", 50.0)], "P02": [("R002", "milk", "dairy", 20.0)]}
Row = dict[str, Any]


def frame(schema: Any, rows: list[Row]) -> pl.DataFrame:
    kinds = {name: column.dtype for name, column in schema.columns().items()}
    filled = [{**dict.fromkeys(kinds), "tenant_id": "bakery", **row} for row in rows]
    return conform(schema, pl.DataFrame(filled, schema=kinds, orient="row"))


class Deciding(RuleBasedStateMachine):
    """A bakery whose plans, decisions and dispatches come in any order, and are read at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.versions: list[Row] = []
        self.decisions: list[Row] = []
        self.outcomes: dict[str, str] = {}
        self.orders: list[Row] = []
        self.batch_events: list[Row] = []
        self.sent: dict[str, list[Row]] = {}
        self.settled: Settlement | None = None
        given = sections(ALWAYS)
        self.master: dict[str, pl.DataFrame] = {
            name: frame_of(
                given.get(name, []), SCHEMAS[name], {**defaults_of(SCHEMAS[name]), "tenant_id": "bakery", **LEFT_OUT.get(name, {})}, ZONE,
            )
            for name in SCHEMAS
        }  # fmt: skip
        self.publish(0)

    def tick(self) -> datetime:
        self.now += MINUTE
        return self.now

    @rule(day=st.integers(0, 1))
    def publish(self, day: int) -> None:
        """The next version of a day's plan."""
        plan_date = date(2026, 1, 5) + timedelta(days=day)
        number = 1 + sum(row["plan_date"] == plan_date for row in self.versions)
        at = self.tick()
        self.versions.append(
            {
                "plan_date": plan_date,
                "version": number,
                "planned_as_of": at,
                "cause": "person",
                "requested_at": at,
                "published_at": at,
            }
        )

    @rule(decision=st.sampled_from(["approve", "approve", "reject", "cancel"]), which=st.sampled_from([None, "P01", "P02"]), back=st.integers(0, 2), is_late=st.booleans())  # fmt: skip
    def say(self, decision: str, which: str | None, back: int, is_late: bool) -> None:
        """Someone decides about one of the last plans; what is late was written down before the last plan came."""
        about = self.versions[-1 - min(back, len(self.versions) - 1)]
        at = self.tick() - (5 * MINUTE if is_late else 0 * MINUTE)
        self.decisions.append(
            {"decision_id": f"d{len(self.decisions)}", "plan_date": about["plan_date"], "version": about["version"],
             "plan": "procurement_plans", "decision": decision, "who": "Ada", "proposal_number": which, "recorded_at": at}
        )  # fmt: skip

    @rule(quantity=st.sampled_from([0.0, 10.0, 50.0, 60.0]), back=st.integers(0, 1))
    def change(self, quantity: float, back: int) -> None:
        """Someone changes the flour of one of the last plans."""
        about = self.versions[-1 - min(back, len(self.versions) - 1)]
        self.decisions.append(
            {"decision_id": f"d{len(self.decisions)}", "plan_date": about["plan_date"], "version": about["version"],
             "plan": "procurement_plans", "decision": "change", "who": "Bob", "requirement_number": "R001",
             "quantity": quantity, "recorded_at": self.tick()}
        )  # fmt: skip

    @rule(decision=st.sampled_from(["change", "change", "approve", "cancel"]), quantity=st.sampled_from([10.0, 30.0, 50.0]), back=st.integers(0, 1))  # fmt: skip
    def bake(self, decision: str, quantity: float, back: int) -> None:
        """Someone decides about the one batch of one of the last plans; its loads hold 40."""
        about = self.versions[-1 - min(back, len(self.versions) - 1)]
        self.decisions.append(
            {"decision_id": f"d{len(self.decisions)}", "plan_date": about["plan_date"], "version": about["version"],
             "plan": "production_schedules", "decision": decision, "who": "Cem", "batch_number": "1",
             "quantity": quantity if decision == "change" else None, "recorded_at": self.tick()}
        )  # fmt: skip

    @rule()
    def send(self) -> None:
        """The first order that is open and not sent leaves the house."""
        for order in sorted(self.open_orders()):
            if order not in self.sent:
                self.sent[order] = [row for row in self.orders if row["order_id"] == order]
                break

    @rule()
    def read(self) -> None:
        """What was decided is settled, and written; read a second time it comes to nothing more."""
        settled = self.settle()
        for row in settled.decisions.filter("is_new").iter_rows(named=True):
            self.outcomes[row["decision_id"]] = "refused" if row["refused"] else "accepted"
        self.orders += settled.purchase_orders.to_dicts()
        self.batch_events += settled.batch_events.to_dicts()
        self.settled = self.settle()
        assert self.settled.purchase_orders.is_empty()
        assert self.settled.new_events.is_empty()

    def settle(self) -> Settlement:
        facts: Any = {
            **self.master,
            "plan_versions": frame(plans_of.PlanVersions, sorted(self.versions, key=lambda row: (row["plan_date"], row["version"]))),
            "published_proposals": frame(plans_of.PublishedProposals, [
                {**key, "proposal_number": number, "supplier_id": lines[0][2], "deliver_on": date(2026, 1, 8),
                 "order_by": START, "total_cost": 10.0, "currency": "EUR"}
                for key in self.keys() for number, lines in LINES.items()
            ]),
            "published_orders": frame(plans_of.PublishedOrders, [
                {**key, "proposal_number": number, "requirement_number": line, "ingredient_id": item, "supplier_id": supplier,
                 "deliver_on": date(2026, 1, 8), "planned_order_quantity": quantity, "reasoning": "{}", "unit_price": 2.0,
                 "currency": "EUR", "order_by": START}
                for key in self.keys() for number, lines in LINES.items() for line, item, supplier, quantity in lines
            ]),
            "plan_decisions": frame(ops.PlanDecisions, [row for row in self.decisions if self.outcomes.get(row["decision_id"]) != "refused"]),
            "outcomes": frame(plans_of.DecisionOutcomes, [
                {"decision_id": each, "outcome": what, "judged_at": self.now} for each, what in self.outcomes.items() if what == "accepted"
            ]),
            "published_batches": frame(plans_of.PublishedBatches, [
                {**key, "schedule_date": key["plan_date"], "batch_number": "1", "product_id": "rye", "quantity_planned": 20.0,
                 "priority": 1, "planned_since": START, "start_at": START + timedelta(days=3),
                 "reasoning": '{"steps":[{"equipment_id":"oven","loads":2,"step":"bake"}]}'}
                for key in self.keys()
            ]),
            "past_batch_events": frame(ops.BatchEvents, self.batch_events),
            "equipment": frame(ops.Equipment, [{"equipment_id": "oven", "name": "Oven", "kind": "oven", "capacity": 20.0}]),
            "later_orders": frame(SCHEMAS["later_orders"], self.later_orders()),
            "sent_orders": frame(SCHEMAS["sent_orders"], [{"order_id": each, "sent_at": self.now} for each in self.sent]),
        }  # fmt: skip
        last = max(row["planned_as_of"] for row in self.versions)
        unknown = pl.DataFrame({"tenant_id": ["bakery"], "instant": [last]}).cast({"instant": pl.Datetime("us", "UTC")})
        return settle(DecisionFacts(**facts), self.now, unknown)

    def keys(self) -> list[Row]:
        return [{"plan_date": row["plan_date"], "version": row["version"]} for row in self.versions]

    def open_orders(self) -> dict[str, dict[str, Row]]:
        """Open orders, each with its lines in their last records."""
        last: dict[tuple[str, str], Row] = {}
        for row in sorted(self.orders, key=lambda row: row["recorded_at"]):
            last[row["order_id"], row["ingredient_id"]] = row
        found: dict[str, dict[str, Row]] = {}
        for (order, item), row in last.items():
            if row["quantity"] > 0:
                found.setdefault(order, {})[item] = row
        return found

    def later_orders(self) -> list[Row]:
        first: dict[str, datetime] = {}
        for row in self.orders:
            first[row["order_id"]] = min(first.get(row["order_id"], row["recorded_at"]), row["recorded_at"])
        found: dict[tuple[Any, ...], Row] = {}
        for version in self.versions:
            for order, items in self.open_orders().items():
                for item, row in items.items():
                    own = (row["proposed_on"], row["plan_version"]) == (version["plan_date"], version["version"])
                    if first[order] > version["planned_as_of"] and not own:
                        key = (version["plan_date"], version["version"], item)
                        found[key] = {"plan_date": key[0], "version": key[1], "ingredient_id": item, "order_id": order}
        return list(found.values())

    @invariant()
    def of_a_day_at_most_the_last_version_is_approved(self) -> None:
        if self.settled is None:
            return
        states: Any = self.settled.plans
        PlanStates.validate(states)
        held = states.filter(pl.col("status").is_in(["approved", "partly_approved", "draft", "rejected"]))
        assert not held.select("plan_date").is_duplicated().any()

    @invariant()
    def orders_are_those_of_approved_proposals(self) -> None:
        if self.settled is None or any(row["decision_id"] not in self.outcomes for row in self.decisions):
            return
        approved = self.settled.proposals.filter(pl.col("status") == "approved")
        numbers = {
            f"PO-{row['plan_date']:%Y%m%d}-{row['version']}-{row['proposal_number']}" for row in approved.to_dicts()
        }
        assert set(self.open_orders()) <= numbers

    @invariant()
    def no_plan_that_was_made_without_an_order_orders_the_same(self) -> None:
        """Of two orders of an ingredient that are open, the later one's plan knew the earlier one."""
        by_item: dict[str, list[tuple[datetime, datetime, Row]]] = {}
        made = {(row["plan_date"], row["version"]): row["planned_as_of"] for row in self.versions}
        first = {}
        for row in self.orders:
            key = (row["order_id"], row["ingredient_id"])
            first[key] = min(first.get(key, row["recorded_at"]), row["recorded_at"])
        for order, items in self.open_orders().items():
            for item, row in items.items():
                since = first[order, item]
                by_item.setdefault(item, []).append((since, made[row["proposed_on"], row["plan_version"]], row))
        for same in by_item.values():
            ordered = sorted(same, key=lambda each: each[0])
            for (since, _, _), (_, made_as_of, _) in pairwise(ordered):
                assert made_as_of >= since, same

    @invariant()
    def a_batch_is_what_was_decided_last_and_fits_the_oven(self) -> None:
        about: dict[date, list[Row]] = {}
        for row in self.decisions:
            if "batch_number" in row and self.outcomes.get(row["decision_id"]) == "accepted":
                about.setdefault(row["plan_date"], []).append(row)
        for day, decided in about.items():
            kinds = [row["decision"] for row in decided]
            assert "change" not in kinds[kinds.index("cancel") :] if "cancel" in kinds else True
            wanted = [row["quantity"] for row in decided if row["quantity"]]
            confirmed = [row for row in self.batch_events if row["plan_date"] == day and row["event"] == "confirmed"]
            last = max(confirmed, key=lambda row: row["recorded_at"])["quantity"] if confirmed else None
            assert last == (wanted[-1] if wanted else None)
            assert last is None or last <= 40

    @invariant()
    def what_was_sent_stays_as_it_was(self) -> None:
        for order, rows in self.sent.items():
            assert [row for row in self.orders if row["order_id"] == order] == rows


Deciding.TestCase.settings = settings(
    max_examples=6, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestDeciding = Deciding.TestCase
