"""Supply replay: what the system and two textbook policies would have ordered, morning by morning, and what came of it.

``demand`` draws what is sold and takes of ingredients, ``deliveries`` how suppliers deliver, ``storerooms`` keeps each
policy's stock and orders, ``ordering`` asks the system's planner and ``textbook`` the two policies what to order,
``figures`` adds up what that cost, ``run`` puts these together.
"""

from bakery_assets.replay.supply.run import SupplyReplay, run_supply_replay

__all__ = ["SupplyReplay", "run_supply_replay"]
