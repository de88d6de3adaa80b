"""Machines and when they are busy; times are in microseconds. Which step goes where is decided in ``timing``."""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

NOISE = 1e-9  # relative; 0.3 kg in loads of 0.1 kg are three loads
MAX_LOADS = 10_000  # of one step of one batch; more is a slip in a machine's capacity


@dataclass(slots=True)
class Machine:
    """A machine and when it is busy: intervals in order that do not touch; ``capacity`` None holds a whole batch."""

    equipment_id: str
    capacity: float | None
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def loads(self, quantity: float) -> int:
        """How often the machine is filled for ``quantity``."""
        if self.capacity is None:
            return 1
        return max(1, math.ceil(min(quantity / self.capacity, 2.0 * MAX_LOADS) * (1 - NOISE)))

    def free_from(self, ready: int, length: int) -> int:
        """The first moment from ``ready`` on at which the machine is free for ``length``."""
        start, place = ready, bisect_right(self.ends, ready)
        while place < len(self.starts) and self.starts[place] < start + max(length, 1):
            start = self.ends[place]
            place += 1
        return start

    def occupy(self, start: int, length: int) -> None:
        """Take the machine; the place must be free."""
        if length == 0:
            return
        end, place = start + length, bisect_left(self.starts, start)
        joins_next = place < len(self.starts) and self.starts[place] == end
        if place > 0 and self.ends[place - 1] == start:
            self.ends[place - 1] = self.ends.pop(place) if joins_next else end
            if joins_next:
                self.starts.pop(place)
        elif joins_next:
            self.starts[place] = start
        else:
            self.starts.insert(place, start)
            self.ends.insert(place, end)

    def release(self, start: int, length: int) -> None:
        """Give back what ``occupy`` took."""
        if length == 0:
            return
        end, place = start + length, bisect_right(self.starts, start) - 1
        busy_from, busy_to = self.starts.pop(place), self.ends.pop(place)
        for rest_from, rest_to in ((end, busy_to), (busy_from, start)):
            if rest_from < rest_to:
                self.starts.insert(place, rest_from)
                self.ends.insert(place, rest_to)

    def free_until(self, due: int, length: int) -> int:
        """The last moment at which the machine is free for ``length`` and done by ``due``."""
        end, place = due, bisect_left(self.starts, due) - 1
        while place >= 0 and self.ends[place] > end - max(length, 1):
            end = min(end, self.starts[place])
            place -= 1
        return end - length

    def block(self, start: int, end: int) -> None:
        """Take the machine for what was planned before; it may be taken already for a part of the time."""
        for busy_from, busy_to in list(zip(self.starts, self.ends, strict=True)):
            if busy_from <= end and busy_to >= start:
                start, end = min(start, busy_from), max(end, busy_to)
                place = self.starts.index(busy_from)
                del self.starts[place], self.ends[place]
        self.occupy(start, end - start)
