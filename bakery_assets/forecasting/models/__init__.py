"""Models: day effects, the members of a blend, the choice among blends, and the quantiles of forecast errors.

Each module fits and applies one kind of model on the matrices of ``data.panel``; what is stored of them is in
``registry``.
"""
