"""Faults that users met, one file each, named after what they saw. `make test-fast` leaves them out."""

from collections import Counter
from pathlib import Path

import pytest

SAMPLE = {
    "test_a_page_at_any_read_back_and_from_there_on": 4,
    "test_a_page_at_any_write_of_a_change_of_every_kind": 4,
    "test_a_turn_that_leaves_something_open_is_found": 2,
    "test_connections_that_come_and_go_are_no_leak": 2,
    "test_help_fits_into_sixty_columns": 3,
    "test_one_page_at_any_request_of_a_turn_is_over_with_the_next_turn": 4,
    "test_signs_have_plain_forms_where_unicode_is_missing": 3,
    "test_the_help_of_each_command": 4,
    "test_the_worst_files_take_no_longer_than_their_size_explains": 3,
}
"""Of these `make check` tries one case in so many, beginning with the first; `--matrix all` tries all."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    seen: Counter[str] = Counter()
    left_out = set()
    for item in sorted(items, key=lambda item: item.nodeid):
        if not item.path.is_relative_to(here):
            continue
        item.add_marker(pytest.mark.slow)
        name = item.name.partition("[")[0]
        if config.getoption("--matrix") == "sample" and seen[name] % SAMPLE.get(name, 1):
            left_out.add(item)
        seen[name] += 1
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
