"""One file for each kind of gateway object, with all its facts; `registry` has the rows.

A kind says what its objects are compiled from, how they are compared, addressed,
listed, written, undone and protected. `base` is what each must say.
"""
