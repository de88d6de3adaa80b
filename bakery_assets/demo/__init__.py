"""Demo bakeries: eight realistic bakeries on five continents, as a folder in the load format, and a world to live in.

Each bakery is described in ``bakeries/*.yaml``; the modules here turn that into master data and facts.
"""

from bakery_assets.demo.folder import write_demo

__all__ = ["write_demo"]
