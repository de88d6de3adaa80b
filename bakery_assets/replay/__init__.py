"""Replay: what each policy, the system among them, would have baked on past mornings, and what that would have cost.

``policies`` says what each would have baked from what was known, ``outcomes`` lets the demand that came meet it and
adds up the costs, ``run`` puts these together. How near forecasts come is in ``backtesting``.
"""

from bakery_assets.replay.policies import POLICIES
from bakery_assets.replay.run import CannotReplay, Replay, run_replay

__all__ = ["POLICIES", "CannotReplay", "Replay", "run_replay"]
