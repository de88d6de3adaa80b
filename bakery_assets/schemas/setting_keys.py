"""Settings of a tenant: the one list of keys, each with its type, its default and its meaning.

What a tenant has chosen is in ``ops.tenant_settings``; which choice holds for a cell is worked out in
``tenant_settings``. Settings of the installation are in ``bakery_assets.settings``.
"""

from dataclasses import dataclass
from datetime import time
from typing import Literal

import polars as pl

SettingType = Literal["choice", "number", "time", "list"]
SettingValue = str | float | time | None

_NUMBER = r"^\d{1,9}(\.\d{1,6})?$"
_LIST = r"^[^,]*[^, ][^,]*(,[^,]*[^, ][^,]*)*$"
_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PLANNING_DAYS = ("same_day", "day_before")
QUANTITY_POLICIES = ("critical_ratio", "buffer", "service_level")
SAFETY_STOCK_RULES = ("fixed", "statistical", "share_of_use")


@dataclass(frozen=True)
class SettingKey:
    """A key; ``default`` None: nothing is chosen, and ``meaning`` says what then holds."""

    key: str
    type: SettingType
    meaning: str
    default: SettingValue = None
    choices: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """A regular expression that every value matches."""
        if self.type == "choice":
            return f"^({'|'.join(self.choices)})$"
        return {"number": _NUMBER, "time": _TIME, "list": _LIST}[self.type]

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        if self.type == "choice":
            return f"one of {', '.join(self.choices)}"
        return {
            "number": "a number such as 0.25, not negative",
            "time": "a local time such as 04:30",
            "list": "names with commas between them, such as Ada, Bob",
        }[self.type]

    @property
    def polars_type(self) -> pl.DataType:
        """The type of its values in frames."""
        return {"choice": pl.String(), "number": pl.Float64(), "time": pl.Time(), "list": pl.String()}[self.type]


def _planning_keys() -> tuple[SettingKey, ...]:
    days = [(f"_{day}", f"on the weekday {day}") for day in WEEKDAYS] + [("_holiday", "on holidays")]
    times = [
        SettingKey(f"planning_time{suffix}", "time", f"Local planning time of days {when}; empty: as on other days")
        for suffix, when in days
    ]
    sides = [
        SettingKey(
            f"planning_day{suffix}",
            "choice",
            f"Whether a planning time of days {when} is one of the day itself or of the evening before; empty: as on"
            " other days",
            choices=PLANNING_DAYS,
        )
        for suffix, when in days
    ]
    general = SettingKey(
        "planning_day",
        "choice",
        "Whether a planning time is one of the day itself or of the evening before; empty: of the evening before where"
        " it is from noon on and after the first start of work (else the opening), else of the day itself. The evening"
        " before without a planning time is 20:00, or an hour before the first start if that is earlier",
        choices=PLANNING_DAYS,
    )
    return (general, *sides, *times)


SETTING_KEYS: tuple[SettingKey, ...] = (
    *_planning_keys(),
    SettingKey("opens", "time", "Local opening time of locations without opening hours", time(7)),
    SettingKey("closes", "time", "Local closing time of locations without opening hours", time(18)),
    SettingKey(
        "replan_threshold",
        "number",
        "Late sales, counts and deliveries replan a day when they differ from what its plan had taken by more than"
        " this, as a fraction of it; only before the first start of work",
        0.1,
    ),
    SettingKey(
        "count_within_days",
        "number",
        "Days after which the last count of an ingredient that keeps for longer than this is too old",
        28.0,
    ),
    SettingKey(
        "sales_due_hours",
        "number",
        "Hours after closing by which a day's sales have to be reported; after that they are missing",
        6.0,
    ),
    SettingKey(
        "unexplained_limit",
        "number",
        "Units of a product sold or thrown away beyond what was made, as a fraction of all; above it an alert says so",
        0.05,
    ),
    SettingKey(
        "shrinkage_limit",
        "number",
        "What the counts of 28 days found less than the book had, as a fraction of what 28 days use; above it an alert"
        " says so",
        0.05,
    ),
    SettingKey(
        "quantity_policy",
        "choice",
        "How much of a product has to be ready for sale: by its critical ratio (price, cost and salvage value), the"
        " forecast with a buffer, or a service level",
        "critical_ratio",
        QUANTITY_POLICIES,
    ),
    SettingKey("quantity_buffer", "number", "Buffer on top of the forecast, as a fraction of it", 0.1),
    SettingKey("service_level", "number", "Fraction of days on which what is ready is to be enough, at most 1", 0.8),
    SettingKey(
        "safety_stock_rule",
        "choice",
        "How safety stocks of ingredients are set, unless the ingredient or its supplier has a rule: as the ingredient"
        " says, from the errors of forecasts and deliveries, or as a share of what the lead time uses",
        "fixed",
        SAFETY_STOCK_RULES,
    ),
    SettingKey(
        "safety_stock_level",
        "number",
        "Fraction of deliveries before which statistical safety stocks are enough, 0.5 to 0.9999; empty: what running"
        " out of the ingredient loses, over that and what keeping it costs",
    ),
    SettingKey("holding_rate", "number", "What keeping stock for a year costs, as a fraction of its value", 0.25),
    SettingKey(
        "safety_stock_share",
        "number",
        "Safety stock by share of use, as a fraction of what is used in the lead time",
        0.25,
    ),
    SettingKey(
        "proposal_change_threshold",
        "number",
        "A proposed order keeps the quantity of the plan before where that is enough and less is wanted by less than"
        " this, as a fraction of it; 0: none does",
        0.25,
    ),
    SettingKey(
        "proposal_early_days",
        "number",
        "A proposed order keeps the delivery of the plan before where that is at most so many days before the last one"
        " in time, whole days",
        3.0,
    ),
    SettingKey(
        "supplier_weight_price",
        "number",
        "Weight of the price in the choice between an ingredient's suppliers",
        0.7,
    ),
    SettingKey(
        "supplier_weight_reliability",
        "number",
        "Weight of the share of deliveries on time and in full in that choice",
        0.3,
    ),
    SettingKey(
        "supplier_weight_lead_time",
        "number",
        "Weight of a short lead time in that choice, beyond that what comes too late is not chosen",
        0.0,
    ),
    SettingKey("approvers", "list", "Who may decide about plans, whatever the capitals; empty: everyone"),
    SettingKey(
        "auto_approve_limit",
        "number",
        "Purchase proposals that cost at most this, in the tenant's currency, and follow the other rules are approved"
        " by themselves; empty: none are",
    ),
    SettingKey(
        "auto_approve_deviation",
        "number",
        "How far their quantities may be from the usual, as a fraction of it",
        0.5,
    ),
    SettingKey(
        "auto_approve_new_suppliers",
        "choice",
        "Whether a supplier of whose orders nothing has come yet may be among them",
        "no",
        ("yes", "no"),
    ),
    SettingKey(
        "exchange_rate_days",
        "number",
        "Days for which an exchange rate holds when no newer one is recorded; after that it is not known",
        31.0,
    ),
    SettingKey(
        "overdue_grace_days",
        "number",
        "Days for which plans still count on an order that is overdue; after that its quantity may be ordered again",
        1.0,
    ),
    SettingKey(
        "delivery_soon_hours",
        "number",
        "Hours before a delivery window from which an alert says what arrives and what to prepare, at most 168",
        2.0,
    ),
    SettingKey(
        "delivery_overdue_minutes",
        "number",
        "Minutes after the end of a delivery window from which a delivery is overdue",
        30.0,
    ),
    SettingKey(
        "receipt_due_hours",
        "number",
        "Hours after the end of a delivery window by which its receipt has to be recorded and confirmed",
        2.0,
    ),
    SettingKey(
        "order_reminder_hours",
        "number",
        "Hours before a supplier's cut-off from which an alert reminds of what is not decided or ordered, at most 168",
        1.0,
    ),
    SettingKey(
        "supplier_weight_quality",
        "number",
        "Weight of the share of deliveries without complaint in the choice between an ingredient's suppliers",
        0.2,
    ),
    SettingKey("issuing", "choice", "Which lot is used first: first expired or first in", "fefo", ("fefo", "fifo")),
)
SETTINGS_BY_KEY = {each.key: each for each in SETTING_KEYS}


@dataclass(frozen=True)
class ValueFitsKey:
    """The rule that a setting has a known key, and a value of that key's type."""

    def __call__(self, _schema: object) -> pl.Expr:
        """Whether a row follows the rule."""
        return pl.any_horizontal(
            (pl.col("key") == each.key) & pl.col("value").str.contains(each.pattern) for each in SETTING_KEYS
        )

    def sql(self) -> str:
        """The rule as a condition that the database checks."""
        cases = " ".join(f"WHEN '{each.key}' THEN value ~ '{each.pattern}'" for each in SETTING_KEYS)
        return f"CASE key {cases} ELSE false END"

    def reason(self) -> pl.Expr:
        """What is wrong with a row that breaks it, and what to do."""
        keys = [each.key for each in SETTING_KEYS]
        expected = pl.col("key").replace_strict(keys, [each.expected for each in SETTING_KEYS], default=None)
        misfit = pl.format("{} cannot be '{}': it has to be {}", "key", "value", expected)
        unknown = pl.format(f"there is no setting '{{}}'; the settings are {', '.join(keys)}", "key")
        return pl.coalesce(misfit, unknown)

    def __str__(self) -> str:
        return "each setting has a known key and a value of that key's type"
