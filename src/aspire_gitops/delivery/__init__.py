"""Where an app's key goes. The delivery is the only place that holds its value.

One file for each way to deliver a key, and one row of `registry` each. Those files are
pure: what they reach outside is given to them as `Doors`, which `opening` makes.
"""
