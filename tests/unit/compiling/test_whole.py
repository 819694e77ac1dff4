"""What compiling adds over its parts: approvals in force, the gateway, and refusing half a catalog."""

from datetime import date, timedelta

import pytest

from aspire_gitops.catalog import Catalog
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.state import Approved, Kind, ObjectKey
from support.catalogs import GATEWAY, REVISION, TODAY, catalog_of, provider


def approval(expires: date) -> dict[str, str]:
    return {
        "kind": "Approval",
        "name": "drop-old",
        "change": "delete",
        "object": "credential/old",
        "reason": "Nobody uses it.",
        "owner": "platform@example.com",
        "expires": expires.isoformat(),
    }


@pytest.mark.parametrize(
    ("expires", "counts"),
    [
        pytest.param(TODAY + timedelta(days=1), True, id="tomorrow"),
        pytest.param(TODAY, True, id="today is the last day"),
        pytest.param(TODAY - timedelta(days=1), False, id="yesterday"),
    ],
)
def test_an_approval_counts_until_its_day(expires: date, counts: bool) -> None:  # noqa: FBT001 (a table's column)
    result = compile_catalog(catalog_of([GATEWAY, approval(expires)]), today=TODAY)

    granted = Approved(
        "delete", ObjectKey(Kind.CREDENTIAL, "old"), "platform@example.com", "Nobody uses it."
    )
    assert result.approvals == ((granted,) if counts else ())


def test_the_target_carries_the_limits_of_the_gateway() -> None:
    policy = {"fallbacks": "forbid", "unpriced_aliases": "forbid", "max_deletions": 2}
    target = compile_catalog(catalog_of([{**GATEWAY, "policy": policy}]), today=TODAY).gateway

    assert (target.name, target.url) == ("test", "https://llm.example.com/v1")
    assert (target.litellm_version, target.max_deletions) == ("1.106.2", 2)


def test_objects_come_in_the_order_in_which_they_need_each_other() -> None:
    catalog = catalog_of([GATEWAY, provider("b"), provider("a")])

    assert [str(key) for key in compile_catalog(catalog, today=TODAY).objects] == [
        "credential/a",
        "credential/b",
    ]


def test_a_catalog_without_a_gateway_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="declares no gateway"):
        compile_catalog(Catalog(REVISION), today=TODAY)
