"""Where the gate draws its lines, each with its reason.

A wrong block costs little: the tenant keeps its old champion for a week. A wrong pass trains on rubbish. So
what may be either blocks while it is recent, and nothing that a bakery cannot correct blocks it for ever.
"""

RECENT_DAYS = 56
"""Rows older than this are only warned about: a true oddity cannot be corrected, so it must not block for ever."""

MAX_SALE_SIZE = 20.0
"""Times the largest usual sale of a series. A wedding reaches a few times it, a slipped decimal point ten; the x10
of a whole feed is caught by the volumes."""

LARGEST_USUAL_RANK = 0.01
"""The largest usual sale: what all but this share of a series' days, and one more, stay at or below (its 99th
percentile, without the one row that may be the wrong one)."""

MIN_SERIES_DAYS = 20
"""Days sold below which a series has no largest usual sale yet."""

MIN_USUAL_SALE = 5.0
"""Pieces, kg or l. Series that sell less are measured against it: 60 rolls where 2 are usual is an order."""

MAX_DAILY_QUANTITY = 100_000.0
"""Pieces, kg or l of one product in one shop and day; more than any bakery sells, whatever was usual before."""

MAX_REFUND_SIZE = 1.0
"""Times the largest usual sale that may come back in a day; more is a warning: a refused wedding cake is a fact."""

MAX_REFUND_SHARE = 0.1
"""Share of the recent rows that may be negative. The French shop has 0.1%; a feed with its sign turned has all."""

MIN_ROWS_FOR_SHARE = 20
"""Rows from which on a share says something."""

STALE_DAYS = 2
"""Expected open days at the end without a sale that stop a retraining. One may be a till that sends late."""

BASELINE_WEEKS = 8
"""Weeks before, with which a day is compared: long enough for a median, short enough for the season."""

CHECKED_DAYS = 7
"""Last days each compared with its weekday: a retraining comes weekly, so every day is checked once."""

MIN_WEEKDAYS = 4
"""Ordinary days of the same weekday, of the 8 before, without which a day is not checked."""

VOLUME_HIGH = 1.8
"""Times the median of its weekday. An import that ran twice gives 2. Single days of small shops reach 4 (a village
fair), so one such day is a warning; what blocks is several, a doubled one, or an extreme one."""

HIGH_DAYS = 2
"""Such days of the last 7 that block: 0.3% of the bread chain's weeks."""

DOUBLED_ROWS = 4
"""Rows of a high day that must all be even numbers to call it imported twice: by chance one day in 16 is."""

VOLUME_EXTREME = 6.0
"""Times the median of its weekday that block on a single day; the bread chain's largest in three years is 4.1."""

VOLUME_LOW = 1 / 3
"""Times the median of its weekday. Half of it is a rainy day in a small shop; a third, a till that failed at noon."""

LOW_DAYS = 2
"""Such days of the last 7 that block; a single one is a warning: somebody was ill."""

NOISE_DEVIATIONS = 4.0
"""A day also has to be this many standard deviations off (of its weekday, at least Poisson's), or small bakeries
would be blocked for their ordinary ups and downs."""

LEVEL_DAYS = 14
"""Last days whose median is the present level."""

LEVEL_FACTOR = 3.0
"""Times the level of the 8 weeks before, up or down, for the whole bakery. Seasons move it by half; units by ten."""

MAX_SHIFT = VOLUME_EXTREME
"""Times the old level, up or down, up to which a shift that lasts may be true. Units go by six (a box), twelve, ten, a
hundred or a thousand; what is true and larger stops blocking after six weeks, when the usual is the new level."""

MIN_SHIFT_BREADTH = 2 / 3
"""Share of the series that follow a shift of the bakery: one product whose unit changed moves no other."""

SHIFT_TOLERANCE = 1.5
"""Times the bakery's ratio, up or down, within which a series follows it."""

MIN_SHIFT_VOLUME = 10.0
"""Pieces, kg or l expected since the shift, by the old level or the new, below which a series tells nothing."""

MIN_LEVEL_DAYS, MIN_BASELINE_DAYS = 5, 14
"""Ordinary open days now and before, without which there is no level to compare."""

MIN_SERIES_LEVEL = 5.0
"""Median below which the level of a single series is not checked."""

MAX_COPIED_SHARE = 0.9
"""Share of a shop's rows that equal another shop's, product by product and day by day, from which it is a copy."""

MIN_COPIED_DAYS = 7
"""Such days, each with an equal row, and different quantities, from which equality is no accident."""

SHORT_HISTORY_DAYS = 28
"""Days with sales below which the models fall back on averages anyway: a warning."""

FRESHNESS_DAYS = 60
"""Days back in which missed open days are counted; more than that is stale whatever the number."""

DAYS_BEFORE_HOLIDAY, DAYS_AFTER_HOLIDAY = 2, 1
"""Days next to a public holiday that are not ordinary: people buy ahead, twice as much before Christmas and Easter."""

SAMPLE_ROWS = 5
"""Rows shown with a finding, the worst."""
