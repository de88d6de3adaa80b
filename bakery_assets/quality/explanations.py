"""The sentence with which each failed expectation of ``suites`` is reported to a person, by its name.

A sentence is filled in for one tenant: ``{rows}``, ``{first}`` and ``{last}`` (dates) of the rows that fail, and of the
worst one ``{product}``, ``{location}``, ``{date}``, ``{quantity}``, ``{usual}`` and ``{value}``, the figure that is out
of range; of a ratio also ``{factor}``, rounded, and ``{times}``, in words. Of the sales' schema ``{value}`` is what was
found.
"""

from bakery_assets.level_shifts import SHORTEST_SHIFT
from bakery_assets.quality.check_tables import SALES
from bakery_assets.quality.thresholds import MAX_SALE_SIZE

WHEN_IT_LASTS = f"Training goes on once a change of most products has lasted {SHORTEST_SHIFT} open days"

EXPLANATIONS = {
    "columns_present": "the sales lack columns: {value}",
    **{f"{column}_type": f"{column} has the wrong type: {{value}}" for column in SALES},
    **{f"{column}_given": f"{{rows}} rows have no {column}" for column in SALES if column != "tenant_id"},
    "no_duplicates": (
        "{rows} rows share product, shop and day with another, from {first} to {last}; was a file loaded twice?"
    ),
    "product_known": (
        "{rows} rows from {first} to {last} are of products that are not in the product list, for example {product}"
    ),
    "not_in_the_future": (
        "{rows} rows are dated after the day on which they were recorded, up to {value:.0f} days ({product} on "
        "{date}); is a date misread, or a clock wrong?"
    ),
    "quantity_possible": (
        "{rows} rows are beyond what any bakery sells in a day, the largest {quantity:,.0f} of {product} on {date}"
    ),
    "recent_quantity_usual": (
        f"{{rows}} recent rows are more than {MAX_SALE_SIZE:.0f} times the largest usual sale of their product: "
        "{quantity:,.1f} of {product} on {date}, {value:.0f} times it; is the quantity or its unit wrong?"
    ),
    "old_quantity_usual": (
        f"{{rows}} older rows are more than {MAX_SALE_SIZE:.0f} times the largest usual sale of their product, the "
        "worst {quantity:,.1f} of {product} on {date}"
    ),
    "refund_usual": (
        "{rows} recent refunds are larger than the largest usual sale of their product, the worst {quantity:,.1f} of "
        "{product} on {date}"
    ),
    "few_refunds": "{value:.0%} of the recent rows are negative; is the sign turned?",
    "no_data": "there are no sales at all, so there is nothing to train on",
    "enough_history": "only {value:.0f} days have sales; models that are trained on so few fall back on averages",
    "sales_fresh": (
        "{value:.0f} days on which the bakery usually sells are missing since {date}; has the till stopped sending? "
        "If it was closed, enter that in the calendar"
    ),
    "sales_of_yesterday": "the last open day is missing, the last sale is of {date}",
    "shift_not_of_a_unit": (
        "sales have been {times} since {date}, {product} {quantity:,.0f} a day after {usual:,.0f}; check the unit in "
        "the till file"
    ),
    "shift_not_imported_again": (
        "sales have been higher since {date}, {product} {quantity:,.0f} a day after {usual:,.0f}, and every quantity "
        "can be divided by {value:.0f}; check whether each day was imported {value:.0f} times"
    ),
    "shift_of_most_products": (
        "sales have been at another level since {date}, but most products have not changed with it: {product} "
        "{quantity:,.0f} a day after {usual:,.0f}; check its unit in the till file"
    ),
    "level_not_shifted": (
        "sales have been {times} since {date}, {quantity:,.0f} a day after {usual:,.0f}; the models are trained on it"
    ),
    "volume_not_absurd": (
        "sales of {date} are {factor} times the usual {usual:,.0f} of that weekday; check the unit in the till file"
    ),
    "volume_not_doubled": (
        "{rows} days look imported twice, every quantity even: {quantity:,.0f} on {date}, {value:.1f} times the "
        "{usual:,.0f} of that weekday"
    ),
    "volume_not_often_high": (
        "{rows} of the last 7 days sold far more than usual, on {date} {quantity:,.0f}, {value:.1f} times the "
        "{usual:,.0f} of that weekday; was something imported twice? If there was an event, enter it in the calendar. "
        f"{WHEN_IT_LASTS}"
    ),
    "volume_not_often_low": (
        "{rows} of the last 7 days sold far less than usual, on {date} {quantity:,.0f} where that weekday sells "
        "{usual:,.0f}; did the till miss sales? If it was closed, enter that in the calendar. "
        f"{WHEN_IT_LASTS}"
    ),
    "volume_usual_above": "{quantity:,.0f} were sold on {date}, {value:.1f} times the {usual:,.0f} of that weekday",
    "volume_usual_below": "{quantity:,.0f} were sold on {date}, where that weekday sells {usual:,.0f}",
    "level_steady": (
        "the bakery sells {quantity:,.0f} a day now and sold {usual:,.0f} in the 8 weeks before, {value:.2f} times as "
        "much; has a unit changed, is a shop missing?"
    ),
    "series_level_steady": (
        "{rows} products sell at another level than in the 8 weeks before, {product} {quantity:,.0f} a day after "
        "{usual:,.0f}"
    ),
    "locations_distinct": (
        "{value:.0%} of the last two weeks of {location} equal another shop's, row by row; was one import loaded "
        "under two names?"
    ),
}

TIMES = {
    "0.2": "about a fifth of the usual",
    "0.3": "about a third of the usual",
    "0.5": "about half of the usual",
    "2.0": "about twice the usual",
    "3.0": "about three times the usual",
}


def rounded_factor(value: float | None) -> str:
    """A ratio as text: ``1,000``, ``6.7``."""
    return "" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def times_the_usual(value: float | None) -> str:
    """A ratio as a person says it: ``about twice the usual``, ``about 1.6 times the usual``."""
    factor = rounded_factor(value)
    return TIMES.get(factor, f"about {factor} times the usual")
