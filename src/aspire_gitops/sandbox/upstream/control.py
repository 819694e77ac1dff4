"""Tell the stand-in provider what to do, and ask it what it received."""

from aspire_gitops.sandbox.errors import SandboxError
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, loopback_client
from aspire_gitops.sandbox.upstream.behaviour import CALLS, Misbehaviour, UpstreamCall


class UpstreamControl:
    """The controls of one stand-in, by its base URL (`Sandbox.upstream_url`).

    Every method raises SandboxError when the stand-in does not answer; it never
    does by itself, so trying again cannot help.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def fail(
        self,
        status: int,
        *,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Answer with this HTTP status instead.

        Args:
            status: 400 to 599.
            provider: Only requests to this provider; without it, to all of them.
            model: Only requests for this model, by the provider's own name.
            times: Only so many requests; without it, until `reset`.
        """
        self._order(Misbehaviour(status=status, provider=provider, model=model, times=times))

    def delay(
        self,
        delay_s: float,
        *,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Wait so many seconds before every answer; the other arguments are those of `fail`."""
        self._order(Misbehaviour(delay_s=delay_s, provider=provider, model=model, times=times))

    def calls(
        self, *, provider: str | None = None, model: str | None = None
    ) -> tuple[UpstreamCall, ...]:
        """Return the calls received since the last `reset`, oldest first."""
        wanted = Misbehaviour(provider=provider, model=model)
        received = CALLS.validate_json(self._send("GET"))
        return tuple(call for call in received if wanted.selects(call))

    def reset(self) -> None:
        """Let it behave again, and forget the calls."""
        self._send("DELETE")

    def _order(self, misbehaviour: Misbehaviour) -> None:
        self._send("POST", misbehaviour)

    def _send(self, method: str, order: Misbehaviour | None = None) -> bytes:
        content = None if order is None else order.model_dump_json()
        try:
            with loopback_client(self._url, timeout_s=10) as client:
                return (
                    client.request(method, "/control", content=content).raise_for_status().content
                )
        except HTTP_ERRORS as error:
            raise SandboxError(
                f"the stand-in provider at {self._url} does not answer ({type(error).__name__}); "
                "is the sandbox running?"
            ) from error
