"""Demo bakeries: eight believable ones on five continents, as a folder in the load format.

What each bakery is stands in ``bakeries/*.yaml``; the modules here turn it into master data and facts.
"""

from bakery_assets.demo.folder import write_demo

__all__ = ["write_demo"]
