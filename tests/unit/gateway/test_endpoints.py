"""What the controller asks of the gateway passes the ledger's guard, which stands in front of it."""

import pytest

from aspire_gitops.gateway import readiness, snapshot
from aspire_gitops.kinds import Endpoint, credential, deployment, key, key_row
from aspire_ledger.places import Place, place_of

MODULES = (readiness, snapshot, credential, deployment, key, key_row)
ADMIN_API = sorted(
    {found for module in MODULES for found in vars(module).values() if isinstance(found, Endpoint)},
    key=str,
)


@pytest.mark.parametrize("endpoint", ADMIN_API, ids=str)
def test_what_the_controller_asks_is_administration(endpoint: Endpoint) -> None:
    path = endpoint.path.replace("{", "").replace("}", "")
    assert place_of(endpoint.method, path) == Place(None, is_administration=True)
