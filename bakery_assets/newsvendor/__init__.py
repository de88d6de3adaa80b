"""Newsvendor: how much to have ready for a demand that is only known as a distribution, by price, cost and salvage."""
