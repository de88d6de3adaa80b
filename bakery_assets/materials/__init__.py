"""Materials: demand, bills of materials, explosion, stock by lot and what suppliers still have to deliver.

What production, procurement and inventory all stand on.
"""
