"""What deriving stock costs: 1,000 bakeries, 20 products, 20 ingredients, 30 days without a closing balance.

Sales have been read by the wave already, so only the derivation from frames counts, in seconds of CPU of all threads. A
second figure is the usual morning, which goes on from the closing balance of the day before.
"""

import os
import resource
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl

from benchmarks.targets import Target

TENANTS, PRODUCTS, INGREDIENTS, DAYS = 1_000, 20, 20, 30
FIRST = date(2026, 1, 5)
SEED = 7
MOST_SECONDS = 5.0
MOST_BYTES = 2_000
