"""Deliveries: what has become of purchase orders, and what about those that are due needs a person at once.

Pure functions of facts and of an instant, for any number of bakeries. Orders are proposed in ``procurement``; what they
bring to stock is in ``stock``.
"""
