"""Numbers and what looks like one: an answer for each, and a way out that leads out."""

import re
from math import isfinite

from hypothesis import example, given
from hypothesis import strategies as st

from aspire_gitops.loading.rules import AMBIGUOUS_SCALAR
from aspire_gitops.loading.scalars import Refused, plain_value

LIKE_NUMBERS = st.text("0123456789+-._eExXoObBaf:", min_size=1, max_size=24)


@given(LIKE_NUMBERS)
@example("1e22")
@example("010e2")
@example("1_0e999")
@example("0" * 30)
@example("0x" + "f" * 40)
@example("_")
@example("0x_")
def test_every_text_has_a_meaning_that_other_checks_can_use(text: str) -> None:
    value = plain_value(text)
    if isinstance(value, Refused):
        value = value.guess
    assert isinstance(value, int | str) or isfinite(value)


@given(LIKE_NUMBERS)
@example("1e22")
@example("-00.5e3")
def test_the_number_that_help_proposes_is_accepted(text: str) -> None:
    refused = plain_value(text)
    if isinstance(refused, Refused) and refused.rule is AMBIGUOUS_SCALAR:
        proposal = re.search(r"or (\S+) if it is a number", refused.help)
        assert proposal
        assert plain_value(proposal[1]) == refused.guess


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_whole_numbers_read_back(number: int) -> None:
    assert plain_value(str(number)) == number
