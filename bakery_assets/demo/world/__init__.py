"""The demo's world: what really happens in a demo bakery, hour by hour, whatever the books say.

It knows nothing of the ledger and the planner but their published plans, which its people read and act upon.
``house`` is what lies on the shelves, ``work`` what batches take and when, ``life`` what people do, ``records`` what
they write down of it, ``comparison`` how far the book is from it.
"""
