"""Why alerts end: what the latest plan says where it no longer finds a cause.

A plan does not know why it no longer finds something: stock came, less is needed, a fact was corrected, a setting
changed. So each sentence says what holds for every way in which its cause can end, and no more.
"""

import polars as pl

from bakery_assets.schemas.plans import AlertKind

PASSED = "That day has passed."
OTHER_DAY = "{} is of another day."
ORDERED = "It was ordered: an order from this supplier has been recorded since."
NOT_ORDERED = (
    "The time to order has passed by {}, and no order from this supplier has been recorded. What is still missing is"
    " proposed again."
)
NOT_FOUND = "{} no longer finds it."
BY_KIND: dict[AlertKind, str] = {
    "over_capacity": "{} finds no day with more baking than fits into the shifts.",
    "baking_note": "On days that fit into the shifts {} finds no work when no one works, no order that cannot be met"
    " and no batch sizes that contradict each other.",
    "batch_not_worth_it": "{} leaves out no batch of it that someone would miss.",
    "not_ready": "{} finds nothing that is ready too late.",
    "order_today": "{} no longer proposes this order.",
    "expiring": "{} finds nothing of it that will expire unused.",
    "stock_unrecorded": "{} requires no ingredient of unknown stock.",
    "stale_counts": "{} finds no count that is too old.",
    "shrinkage": "{} finds nothing missing above the limit in the counts of the last four weeks.",
    "unexplained_sales": "{} finds nothing unexplained above the limit in the days it looks back to.",
    "training_waits": "{} finds the last retraining not stopped by the sales.",
    "sales_missing": "{} finds none of its closing sales of the last two weeks missing.",
    "sales_ended": "{} knows newer sales, or the calendar says that it was closed since.",
}
BY_CAUSE = {
    "ingredient_shortage": "{} finds it neither short nor overdue.",
    "product_shortage": "{} no longer finds it short.",
}
OF_ONE_DAY: tuple[AlertKind, ...] = ("closed_today", "no_forecast")


def resolution() -> pl.Expr:
    """Why the latest plan, of ``latest_on`` as of ``latest_at``, no longer finds an alert's cause.

    ``is_ordered`` says of an alert to order whether that was done.
    """
    plan = pl.format("The plan of {}", pl.col("latest_on").dt.strftime("%a %-d %b"))
    is_order = pl.col("kind") == "order_today"
    is_other_day = pl.col("kind").is_in(OF_ONE_DAY) & (pl.col("latest_on") != pl.col("last_plan_date"))
    # As the reasoning of a note on baking, and of a question about a holiday, has it, which say of no other day.
    days = {"baking_note": "$.first_day", "holiday_unconfirmed": "$.target_date"}
    has_passed = pl.any_horizontal(
        (pl.col("kind") == kind)
        & (pl.col("reasoning").str.json_path_match(path).str.to_date("%Y-%m-%d", strict=False) < pl.col("latest_on"))
        for kind, path in days.items()
    )
    kind_of_cause = pl.col("cause").str.split(":").list.first()
    sentence = pl.coalesce(
        pl.when(is_order & pl.col("is_ordered")).then(pl.lit(ORDERED)),
        pl.when(is_order & (pl.col("deadline") <= pl.col("latest_at"))).then(pl.lit(NOT_ORDERED)),
        pl.when(has_passed).then(pl.lit(PASSED)),
        pl.when(is_other_day).then(pl.lit(OTHER_DAY)),
        kind_of_cause.replace_strict(BY_CAUSE, default=None, return_dtype=pl.String),
        pl.col("kind").replace_strict(BY_KIND, default=None, return_dtype=pl.String),
        pl.lit(NOT_FOUND),
    )
    at_the_start = sentence.str.starts_with("{}")
    named = pl.when(at_the_start).then(plan).otherwise(plan.str.replace("^The", "the"))
    return sentence.str.replace("{}", named, literal=True)
