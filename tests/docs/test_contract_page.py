"""The page of the request contract says what the guard judges by."""

from support.contract_page import PAGE, page


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make golden` and read the diff"
