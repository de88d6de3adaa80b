"""The clock as a resource: the only code that reads the wall clock. Local times are in ``bakery_assets.local_time``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """The time as a resource, so that tests and replays can set another instant."""

    now: Callable[[], datetime] = utc_now
