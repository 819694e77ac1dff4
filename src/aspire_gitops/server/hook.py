"""`POST /hooks/git`: a forge tells of a push, and the controller looks at git at once.

The hook says nothing that the controller would not find by itself one interval
later. So a replayed request is harmless: it wakes a turn, many wake-ups make
one turn, and a turn without changes writes nothing.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aspire_gitops.server.bodies import TooLarge, TooSlow, read_body
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.ports import Waking
from aspire_gitops.server.pushes import is_from_forge, is_push_to, is_signed_at_all

_CLOSE = {"connection": "close"}  # what is left of the body is not read
_CLOSED = "the hook is closed: no secret is set; set ASPIRE_GITOPS_WEBHOOK_SECRET\n"
_STRANGER = "no signature that proves the shared secret; nothing happened\n"


class Hook:
    """The endpoint. Never logs or returns anything of a request."""

    def __init__(self, waking: Waking, options: ServerOptions) -> None:
        self._waking = waking
        self._secret = options.webhook_secret
        self._branch = options.branch

    async def post(self, request: Request) -> Response:
        if not self._secret:
            return PlainTextResponse(_CLOSED, 404, headers=_CLOSE)
        if not is_signed_at_all(request.headers):
            return PlainTextResponse(_STRANGER, 401, headers=_CLOSE)
        try:
            body = await read_body(request)
        except TooLarge:
            return PlainTextResponse("the body is larger than 1 MiB\n", 413, headers=_CLOSE)
        except TooSlow:
            return PlainTextResponse("the body did not arrive\n", 408, headers=_CLOSE)
        return self._answer(request, body, self._secret)

    def _answer(self, request: Request, body: bytes, secret: str) -> Response:
        if not is_from_forge(request.headers, body, secret):
            return PlainTextResponse(_STRANGER, 401)
        if not is_push_to(self._branch, request.headers, body):
            return PlainTextResponse("nothing to do: no push to our branch\n", 200)
        self._waking.wake("webhook")
        return PlainTextResponse("looking at git now\n", 202)
