"""How fast notices are told, and for how long it is tried. Pure."""

from dataclasses import dataclass

_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds.

    The pause grows from `first_s` to `longest_s`; what a receiver asks for is
    honoured up to `longest_wish_s`. `try_s` bounds one try, `grace_s` the last
    round when the program stops.
    """

    first_s: float = 2.0
    longest_s: float = 300.0
    longest_wish_s: float = 3600.0
    give_up_s: float = 86_400.0
    try_s: float = 30.0
    grace_s: float = 5.0

    def pause_s(self, failures: int, wish_s: float | None, luck: float) -> float:
        """Return how long to wait after so many failures in a row.

        `luck`, from 0 to 1, spreads the pause over its upper half, so that
        several programs do not come back at the same moment.
        """
        doublings = min(max(failures - 1, 0), _MOST_DOUBLINGS)
        grown: float = min(self.longest_s, self.first_s * 2.0**doublings) * (0.5 + luck / 2)
        return max(grown, min(wish_s or 0.0, self.longest_wish_s))
