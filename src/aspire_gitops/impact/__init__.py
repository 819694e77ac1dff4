"""What a change means for apps, money and uptime, before it is merged. Pure.

`review` has the values, `make` puts them together from two catalogs and, where
there is one, a published snapshot. What is not known is said to be not known.
"""
