"""Ask the controller on this machine, through the socket in its state folder."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from aspire_gitops.server.sockets import SOCKET, short_path
from aspire_gitops.status.document import StatusDocument, TurnDocument
from aspire_gitops.vocabulary import AspireGitopsError, UsageError

_STATUS_TIMEOUT_S = 10.0
_TURN_TIMEOUT_S = 900.0
_ENDED = "the controller ended before it answered"
_LOOK = "check its log, and try again when it runs"

SomeDocument = TypeVar("SomeDocument", StatusDocument, TurnDocument)


class _Refusal(BaseModel):
    error: str
    help: str = ""


@contextmanager
def _reached(path: str) -> Iterator[None]:
    # httpx leaves its socket open when nobody answers; ours is closed.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.connect(path)
    yield


class LocalController:
    """The controller that uses `state_dir`. Each call opens one connection and closes it."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def status(self) -> StatusDocument:
        """Return what the controller says about itself.

        Raises:
            UsageError: No controller runs there, or its version does not fit.
            AspireGitopsError: It did not answer in time. Try again.
        """
        with self._client(_STATUS_TIMEOUT_S) as client:
            return self._read(client.get("/api/status"), StatusDocument)

    def reconcile(
        self, cause: str = "reconcile", *, timeout_s: float = _TURN_TIMEOUT_S
    ) -> TurnDocument:
        """Ask for a turn, and return it when it has ended. It goes on if we stop waiting.

        `cause` is `reconcile` (a person wants what rests to be tried again) or `brake`.

        Raises:
            UsageError: No controller runs there, or its version does not fit.
            AspireGitopsError: It refused, or did not end in time. Try again.
        """
        with self._client(timeout_s) as client:
            return self._read(client.post("/reconcile", params={"cause": cause}), TurnDocument)

    @contextmanager
    def _client(self, timeout_s: float) -> Iterator[httpx.Client]:
        try:
            with (
                short_path(self._state_dir) as path,
                _reached(path),
                httpx.HTTPTransport(uds=path) as transport,
                httpx.Client(
                    transport=transport,
                    base_url="http://localhost",
                    timeout=timeout_s,
                    trust_env=False,
                ) as client,
            ):
                yield client
        except (httpx.ConnectError, OSError):
            raise UsageError(
                f"no controller answers at {self._state_dir / SOCKET}",
                help="start it with `aspire-gitops controller`, or set ASPIRE_GITOPS_STATE_DIR to "
                "its value",
            ) from None
        except httpx.TimeoutException:
            raise AspireGitopsError(
                f"the controller did not answer within {timeout_s:g} s",
                help="try again, and check its log",
            ) from None
        except httpx.HTTPError as error:
            raise AspireGitopsError(f"{_ENDED} ({type(error).__name__})", help=_LOOK) from None

    @staticmethod
    def _read(reply: httpx.Response, kind: type[SomeDocument]) -> SomeDocument:
        if reply.is_server_error:  # also what a request gets that a stop cuts off
            raise AspireGitopsError(f"{_ENDED} ({reply.status_code})", help=_LOOK)
        try:
            if reply.status_code == httpx.codes.CONFLICT:
                refusal = _Refusal.model_validate_json(reply.content)
                raise AspireGitopsError(refusal.error, help=refusal.help or None)
            return kind.model_validate_json(reply.content)
        except ValidationError:
            raise UsageError(
                f"this version does not understand the controller's answer ({reply.status_code})",
                help="use the same version of aspire-gitops for both",
            ) from None
