"""What the controller asks of the gateway passes the ledger's guard, which stands in front of it."""

import pytest

from aspire_gitops.gateway import endpoints
from aspire_gitops.gateway.endpoints import Endpoint
from aspire_ledger.places import Place, place_of

ADMIN_API = [found for found in vars(endpoints).values() if isinstance(found, Endpoint)]


@pytest.mark.parametrize("endpoint", ADMIN_API, ids=str)
def test_what_the_controller_asks_is_administration(endpoint: Endpoint) -> None:
    path = endpoint.path.replace("{", "").replace("}", "")
    assert place_of(endpoint.method, path) == Place(None, is_administration=True)
