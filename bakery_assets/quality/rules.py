"""The suite as data: what is expected of a tenant's sales, what failing it means, and how that is said."""

from dataclasses import dataclass
from typing import Literal

from bakery_assets.quality.thresholds import (
    COPIED_SHARE,
    LARGEST_REFUND,
    LARGEST_SALE,
    LEVEL_FACTOR,
    MOST_REFUNDS,
    SHORT_HISTORY_DAYS,
    STALE_DAYS,
    VOLUME_ABSURD,
    VOLUME_HIGH,
    VOLUME_LOW,
)

BLOCKING = "blocking"
WARNING = "warning"
Kind = Literal["columns", "type", "not_null", "unique", "true", "between"]


@dataclass(frozen=True)
class Rule:
    """One expectation.

    ``words`` is filled with ``rows``, ``first``, ``last`` (dates), and of the worst row ``product``, ``location``,
    ``date``, ``quantity``, ``usual`` and ``value``, its measure. Of rules about one ``topic`` a row tells only the
    blocking one.
    """

    name: str
    severity: str
    kind: Kind
    words: str
    column: str = ""
    type_name: str = ""
    at_least: float | None = None
    at_most: float | None = None
    topic: str = ""


_TYPES = {
    "tenant_id": "str",
    "product_id": "str",
    "location_id": "str",
    "sales_date": "datetime64",
    "quantity": "float64",
    "recorded_at": "Timestamp",
}

RULES = (
    Rule("columns_present", BLOCKING, "columns", "the sales lack columns: {value}"),
    *(
        Rule(f"{column}_type", BLOCKING, "type", f"{column} is not of its type: {{value}}", column, type_name=name)
        for column, name in _TYPES.items()
    ),
    *(
        Rule(f"{column}_given", BLOCKING, "not_null", f"{{rows}} rows have no {column}", column)
        for column in ("product_id", "location_id", "sales_date", "quantity", "recorded_at")
    ),
    Rule(
        "no_duplicates", BLOCKING, "unique",
        "{rows} rows share product, shop and day with another, from {first} to {last}; was a file loaded twice?",
    ),
    Rule(
        "product_known", BLOCKING, "true",
        "{rows} rows from {first} to {last} are of products that are not in the product list, for example {product}",
        "product_known",
    ),
    Rule(
        "not_in_the_future", BLOCKING, "between",
        "{rows} rows are dated after the day on which they were learnt, up to {value:.0f} days ({product} on "
        "{date}); is a date misread, or a clock wrong?",
        "days_ahead", at_most=0.0,
    ),
    Rule(
        "quantity_possible", BLOCKING, "between",
        "{rows} rows are beyond what any bakery sells in a day, the largest {quantity:,.0f} of {product} on {date}",
        "cap_share", at_most=1.0, topic="size",
    ),
    Rule(
        "recent_quantity_usual", BLOCKING, "between",
        "{rows} recent rows are more than " f"{LARGEST_SALE:.0f}" " times the largest usual sale of their product: "
        "{quantity:,.1f} of {product} on {date}, {value:.0f} times it; is the quantity or its unit wrong?",
        "recent_size", at_most=LARGEST_SALE, topic="size",
    ),
    Rule(
        "old_quantity_usual", WARNING, "between",
        "{rows} older rows are more than " f"{LARGEST_SALE:.0f}" " times the largest usual sale of their product, the "
        "worst {quantity:,.1f} of {product} on {date}",
        "old_size", at_most=LARGEST_SALE, topic="size",
    ),
    Rule(
        "refund_usual", WARNING, "between",
        "{rows} recent refunds are larger than the largest usual sale of their product, the worst {quantity:,.1f} of "
        "{product} on {date}",
        "refund_size", at_most=LARGEST_REFUND,
    ),
    Rule(
        "few_refunds", BLOCKING, "between",
        "{value:.0%} of the recent rows are negative; is the sign turned?", "refund_share", at_most=MOST_REFUNDS,
    ),
    Rule(
        "no_data", BLOCKING, "between", "there are no sales at all, so there is nothing to learn from",
        "days_sold", at_least=1.0, topic="history",
    ),
    Rule(
        "enough_history", WARNING, "between",
        "only {value:.0f} days have sales; models that learn from so few fall back on averages",
        "days_sold", at_least=float(SHORT_HISTORY_DAYS), topic="history",
    ),
    Rule(
        "sales_fresh", BLOCKING, "between",
        "{value:.0f} days on which the bakery usually sells are missing since {date}; has the till stopped sending? "
        "If it was closed, enter that in the calendar",
        "missed_days", at_most=STALE_DAYS - 1.0, topic="freshness",
    ),
    Rule(
        "sales_of_yesterday", WARNING, "between", "the last open day is missing, the last sale is of {date}",
        "missed_days", at_most=0.0, topic="freshness",
    ),
    Rule(
        "volume_not_absurd", BLOCKING, "between",
        "{rows} days sold many times what is usual: {quantity:,.0f} on {date}, {value:.1f} times the {usual:,.0f} of "
        "that weekday; has a unit changed?",
        "volume_ratio", at_most=VOLUME_ABSURD, topic="volume",
    ),
    Rule(
        "volume_not_doubled", BLOCKING, "between",
        "{rows} days look imported twice, every quantity even: {quantity:,.0f} on {date}, {value:.1f} times the "
        "{usual:,.0f} of that weekday",
        "doubled_ratio", at_most=VOLUME_HIGH, topic="volume",
    ),
    Rule(
        "volume_not_often_high", BLOCKING, "between",
        "{rows} of the last 7 days sold far more than usual, on {date} {quantity:,.0f}, {value:.1f} times the "
        "{usual:,.0f} of that weekday; was something imported twice? If there was an event, enter it in the calendar",
        "repeated_high", at_most=VOLUME_HIGH, topic="volume",
    ),
    Rule(
        "volume_not_often_low", BLOCKING, "between",
        "{rows} of the last 7 days sold far less than usual, on {date} {quantity:,.0f} where that weekday sells "
        "{usual:,.0f}; did the till miss sales? If it was closed, enter that in the calendar",
        "repeated_low", at_least=VOLUME_LOW, topic="volume",
    ),
    Rule(
        "volume_usual_above", WARNING, "between",
        "{quantity:,.0f} were sold on {date}, {value:.1f} times the {usual:,.0f} of that weekday",
        "volume_ratio", at_most=VOLUME_HIGH, topic="volume",
    ),
    Rule(
        "volume_usual_below", WARNING, "between",
        "{quantity:,.0f} were sold on {date}, where that weekday sells {usual:,.0f}",
        "volume_ratio", at_least=VOLUME_LOW, topic="volume",
    ),
    Rule(
        "level_steady", BLOCKING, "between",
        "the bakery sells {quantity:,.0f} a day now and sold {usual:,.0f} in the 8 weeks before, {value:.2f} times "
        "as much; has a unit changed, is a shop missing?",
        "level_ratio", at_least=1 / LEVEL_FACTOR, at_most=LEVEL_FACTOR,
    ),
    Rule(
        "series_level_steady", WARNING, "between",
        "{rows} products sell at another level than in the 8 weeks before, {product} {quantity:,.0f} a day "
        "after {usual:,.0f}",
        "series_level_ratio", at_least=1 / LEVEL_FACTOR, at_most=LEVEL_FACTOR,
    ),
    Rule(
        "locations_distinct", BLOCKING, "between",
        "{value:.0%} of the last two weeks of {location} equal another shop's, row by row; was one import "
        "loaded under two names?",
        "copied_share", at_most=COPIED_SHARE,
    ),
)  # fmt: skip
