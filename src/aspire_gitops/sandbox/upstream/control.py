"""Control the stand-in provider, and read what it received."""

from pydantic import BaseModel

from aspire_gitops.sandbox.loopback import HTTP_ERRORS, loopback_client
from aspire_gitops.sandbox.upstream.behaviour import (
    BILLING,
    CALLS,
    ORDERS,
    Misbehaviour,
    Reset,
    UpstreamCall,
    selects,
)
from aspire_gitops.sandbox.upstream.bill import Billed, Billing, BillingOrder, Report, total
from aspire_gitops.vocabulary import SandboxError


class UpstreamControl:
    """The controls of one stand-in, by its base URL (`Sandbox.upstream_url`).

    In every order `provider` and `model` (the provider's own name for it) choose the
    requests that it is for, and `times` how many of them; without them it is for all,
    until `reset`. Of several orders the newest one that fits counts; how a provider
    bills is ordered apart from how it fails.

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
        """Answer with this HTTP status, 400 to 599, instead. Nothing is billed."""
        self.order(Misbehaviour(status=status, provider=provider, model=model, times=times))

    def delay(
        self,
        delay_s: float,
        *,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Wait so many seconds before every answer. It is billed even if nobody waits for it any more."""
        self.order(Misbehaviour(delay_s=delay_s, provider=provider, model=model, times=times))

    def close_connections(
        self,
        when: Reset,
        *,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Reset connections instead of answering. `BEFORE_READING` knows no model yet."""
        self.order(Misbehaviour(reset=when, provider=provider, model=model, times=times))

    def break_streams(
        self,
        after: int,
        *,
        reports_first: bool = False,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Break a stream after so many events; what was said until then is billed.

        With `reports_first` the usage is sent as the last event before that.
        """
        self.order(
            Misbehaviour(
                breaks_after=after,
                reports_first=reports_first,
                provider=provider,
                model=model,
                times=times,
            )
        )

    def report(
        self,
        report: Report,
        *,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Say this of the usage. What is billed stays true."""
        self.order(Misbehaviour(report=report, provider=provider, model=model, times=times))

    def name_price(
        self,
        *,
        header: str | None = None,
        usage_cost: float | None = None,
        provider: str | None = None,
        model: str | None = None,
        times: int | None = None,
    ) -> None:
        """Name a price in `x-litellm-response-cost`, in `usage.cost`, or in both."""
        self.order(
            Misbehaviour(
                cost_header=header,
                usage_cost=usage_cost,
                provider=provider,
                model=model,
                times=times,
            )
        )

    def bill_as_asked(
        self,
        *,
        ignores_limits: bool = False,
        bytes_per_token: int = 4,
        provider: str | None = None,
        model: str | None = None,
    ) -> None:
        """Bill what a request allows to be used, instead of 10 tokens in and 20 out."""
        order = BillingOrder(
            billing=Billing.ASKED,
            ignores_limits=ignores_limits,
            bytes_per_token=bytes_per_token,
            provider=provider,
            model=model,
        )
        self._send("POST", BILLING, order)

    def order(self, misbehaviour: Misbehaviour) -> None:
        """Give an order that no other method has a name for, such as two faults at once."""
        self._send("POST", ORDERS, misbehaviour)

    def calls(
        self, *, provider: str | None = None, model: str | None = None
    ) -> tuple[UpstreamCall, ...]:
        """Return the calls received since the last `reset`, oldest first."""
        wanted = Misbehaviour(provider=provider, model=model)
        received = CALLS.validate_json(self._send("GET", ORDERS))
        return tuple(call for call in received if selects(wanted, call))

    def bill(self, *, provider: str | None = None, model: str | None = None) -> Billed:
        """Return what was billed since the last `reset`, all calls together."""
        return total(call.billed for call in self.calls(provider=provider, model=model))

    def reset(self) -> None:
        """Let it behave again, bill as usual, and forget the calls."""
        self._send("DELETE", ORDERS)

    def _send(self, method: str, path: str, order: BaseModel | None = None) -> bytes:
        content = None if order is None else order.model_dump_json()
        try:
            with loopback_client(self._url, timeout_s=10) as client:
                return client.request(method, path, content=content).raise_for_status().content
        except HTTP_ERRORS as error:
            raise SandboxError(
                f"the stand-in provider at {self._url} does not answer ({type(error).__name__})",
                help="check that the sandbox is running",
            ) from error
