"""What JSON a parameter's value may be: wrong shapes are known before anything is built of them."""

import math
from typing import Any

import pytest

from aspire_ledger.shapes import Shape, fits, is_absent, whole

HUGE = 10**400  # more than a float can hold


@pytest.mark.parametrize("value", [None, "", [], (), {}])
def test_null_and_empty_count_as_absent(value: object) -> None:
    assert is_absent(value)


@pytest.mark.parametrize("value", [0, False, 0.0, " ", [None], {"a": None}])
def test_what_says_something_does_not(value: object) -> None:
    assert not is_absent(value)


GOOD: dict[Shape, list[Any]] = {
    Shape.FLAG: [True, False],
    Shape.NUMBER: [0, 1.5, -2, 2**53],
    Shape.WHOLE: [0, -1, 7, 7.0],
    Shape.TEXT: ["", "x"],
    Shape.TEXTS: [[], ["x"], ("x", "y")],
    Shape.TEXT_OR_TEXTS: ["x", ["x"]],
    Shape.OBJECT: [{}, {"a": 1}],
    Shape.OBJECTS: [[], [{}]],
    Shape.TEXT_OR_OBJECT: ["auto", {"type": "x"}],
    Shape.TEXT_OR_OBJECTS: ["x", [{"type": "x"}]],
    Shape.MESSAGES: [
        [],
        [{"role": "user", "content": "x"}],
        [{"role": "assistant", "content": None}, {"role": "tool"}],
        [{"role": "user", "content": [{"type": "text"}]}],
    ],
    Shape.PROMPT: ["x", ["x", "y"], [1, 2], [[1], [2, 3]]],
    Shape.PAGES: ["0-2", [0, 1]],
    Shape.LABELS: [{}, {"a": "b"}, {"a": None}],
    Shape.FILE: [object(), "data:…", ["a", "b"]],
}
BAD: dict[Shape, list[Any]] = {
    Shape.FLAG: [0, 1, "true", []],
    Shape.NUMBER: [True, "1", math.nan, math.inf, -math.inf, HUGE, 2**53 + 2, [], {}],
    Shape.WHOLE: [True, "7", 1.5, math.nan, HUGE, -HUGE, [7]],
    Shape.TEXT: [0, [], {}, b"x", True],
    Shape.TEXTS: ["x", [1], [["x"]], {}],
    Shape.TEXT_OR_TEXTS: [1, [1], {}],
    Shape.OBJECT: ["x", [], 1],
    Shape.OBJECTS: [{}, ["x"], [[{}]], "x"],
    Shape.TEXT_OR_OBJECT: [1, [], True],
    Shape.TEXT_OR_OBJECTS: [1, ["x"], {}],
    Shape.MESSAGES: [
        "x",
        {},
        ["x"],
        [{}],
        [{"role": 1}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": ["x"]}],
        [{"role": "user", "content": {"type": "text"}}],
    ],
    Shape.PROMPT: [1, {}, [{}], ["x", 1], [[1], "x"], [True], [[1.0]]],
    Shape.PAGES: [1, ["0"], [True], {}],
    Shape.LABELS: [{"a": 1}, {"a": {}}, {1: "x"}, [], "x"],
    Shape.FILE: [None, True, 1, 1.0],
}


@pytest.mark.parametrize(
    ("shape", "value"), [(shape, value) for shape, good in GOOD.items() for value in good]
)
def test_a_value_of_its_shape_fits(shape: Shape, value: object) -> None:
    assert fits(shape, value)


@pytest.mark.parametrize(
    ("shape", "value"), [(shape, value) for shape, bad in BAD.items() for value in bad]
)
def test_a_value_of_another_shape_does_not(shape: Shape, value: object) -> None:
    assert not fits(shape, value)


def test_every_shape_is_tried_here() -> None:
    assert GOOD.keys() == BAD.keys() == set(Shape)


@pytest.mark.parametrize(
    ("shape", "text", "fitting"),
    [
        (Shape.WHOLE, "7", True),
        (Shape.WHOLE, "7.5", False),
        (Shape.WHOLE, "-7", False),
        (Shape.WHOLE, "²", False),
        (Shape.WHOLE, "9" * 400, False),
        (Shape.NUMBER, "0.5", True),
        (Shape.NUMBER, "nan", False),
        (Shape.NUMBER, "1e999", False),
        (Shape.NUMBER, "x", False),
        (Shape.FLAG, "True", True),
        (Shape.FLAG, "1", False),
        (Shape.TEXT, "x", True),
        (Shape.OBJECT, "x", False),
    ],
)
def test_a_form_says_numbers_and_flags_as_texts(shape: Shape, text: str, *, fitting: bool) -> None:
    assert fits(shape, text, form=True) is fitting


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (7.0, 7),
        ("7", 7),
        (-7, -7),
        (7.5, None),
        (True, None),
        ("-7", None),
        ("7 ", None),
        ("\u0667", None),
        ("1" * 16, None),
        (math.nan, None),
        (HUGE, None),
        (None, None),
        ([7], None),
    ],
)
def test_a_whole_number_is_read_where_it_is_one(value: object, number: int | None) -> None:
    assert whole(value) == number
