"""A controller in a storm: random commits, hands, faults and kills, and what must hold throughout.

`python -m support.soak --minutes 60 --seed 1` runs one for as long as you like
(with `tests` on PYTHONPATH); `tests/behaviour/test_soak.py` runs a short one.
"""

from support.soak.driver import Soak, soak_on_fake, soak_on_real

__all__ = ["Soak", "soak_on_fake", "soak_on_real"]
