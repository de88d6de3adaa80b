"""Replay: what each policy, the system among them, would have baked on past mornings, and what that would have cost.

``policies`` says what each would have baked from what was known, ``mornings`` asks them morning by morning,
``outcomes`` lets demand meet single days and adds up costs, ``shelf`` lives through days in a row with lots and shelf
life, ``run`` puts these together. How near forecasts come is in ``backtesting``.
"""

from bakery_assets.replay.policies import POLICIES
from bakery_assets.replay.run import CannotReplay, Replay, run_full_replay, run_replay

__all__ = ["POLICIES", "CannotReplay", "Replay", "run_full_replay", "run_replay"]
