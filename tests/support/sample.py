"""How many cases of what is many are tried.

Of a large matrix `make check` tries a sample; `--matrix all` and `make check-all` try all.
Of a property's examples `make test-fast` tries a few.
"""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import settings

ONE_IN = {
    "test_a_page_at_any_read_back_and_from_there_on": 4,
    "test_a_page_at_any_write_of_a_change_of_every_kind": 4,
    "test_a_revert_that_nobody_can_mean_holds_nothing": 3,
    "test_a_turn_that_leaves_something_open_is_found": 2,
    "test_apply_counts_an_uplift_until_its_day_ends": 3,
    "test_connections_that_come_and_go_are_no_leak": 2,
    "test_help_fits_into_sixty_columns": 3,
    "test_kill_dash_nine_at_any_write": 4,
    "test_one_page_at_any_request_of_a_turn_is_over_with_the_next_turn": 4,
    "test_output_of_each_kind": 3,
    "test_plan_and_apply_take_an_approval_until_its_day_ends": 3,
    "test_signs_have_plain_forms_where_unicode_is_missing": 3,
    "test_the_commit_is_not_rejected_and_is_live_after_seconds": 3,
    "test_the_help_of_each_command": 4,
    "test_the_worst_files_take_no_longer_than_their_size_explains": 3,
}
"""Of these tests, one case in so many is tried, beginning with the first."""

_FAST = 10  # examples, as the profile of `make test-fast` says


def examples(whole: int) -> int:
    """Return how many examples to try of a property that wants `whole` of them."""
    fast = settings().max_examples <= _FAST
    return min(whole, _FAST) if fast else whole


def split(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the items that a sample has, in their order, and those that it leaves out."""
    seen: Counter[tuple[str, str]] = Counter()
    left_out = set[pytest.Item]()
    for item in sorted(items, key=lambda item: item.nodeid):
        name = item.name.partition("[")[0]
        case = (str(item.path), name)
        if seen[case] % ONE_IN.get(name, 1):
            left_out.add(item)
        seen[case] += 1
    return [item for item in items if item not in left_out], sorted(
        left_out, key=lambda item: item.nodeid
    )
