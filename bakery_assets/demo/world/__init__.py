"""The demo's world: what really happens in a demo bakery, hour by hour, whatever the books say.

It knows nothing of the ledger and the planner but their published plans, which its people read and act upon.
``house`` is what lies on the shelves, ``work`` what batches take and when; ``kitchen``, ``storeroom`` and ``shop`` are
what people do on the ``premises`` of a bakery, whose ``life`` they are together. ``records`` is what they write down,
``reported`` what would be there had all gone as reported, and ``comparison`` how far the book is from the house.
"""
