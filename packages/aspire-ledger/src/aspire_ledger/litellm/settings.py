"""What the proxy's environment tells the ledger. A wrong value ends the start: nothing is guessed.

`ASPIRE_LEDGER_URL` is set by the operator of the proxy; the compiled `config.yaml`
sets the others, and LiteLLM puts those in the environment before it loads callbacks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from aspire_ledger.account import Unmarked
from aspire_ledger.canonical import CONFIG_DIGEST
from aspire_ledger.store import LedgerError

URL = "ASPIRE_LEDGER_URL"
ON_OUTAGE = "ASPIRE_LEDGER_ON_OUTAGE"
KEYS_WITHOUT_MARK = "ASPIRE_LEDGER_KEYS_WITHOUT_MARK"
GRACE = "ASPIRE_LEDGER_GRACE_SECONDS"
LATE = "ASPIRE_LEDGER_LATE_SECONDS"

_ALLOW = re.compile(r"allow for (\d{1,6}) minutes")


class WrongSetting(LedgerError):
    """A variable is missing or invalid. The proxy must not start; the message says which."""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """What one proxy's ledger does.

    `allow_for` is how long calls go through while the store cannot answer; zero refuses.
    `grace` is how much longer than its alias's timeout a call may take, its answer's way
    to the ledger included, before its reservation is booked as if it had been answered.
    `late` is how long after its answer LiteLLM may tell of a call before it is estimated: on
    a busy machine it took more than five seconds for two calls in five.
    `config_digest` is what the config file tells of itself; empty where it tells nothing.
    """

    url: str
    allow_for: timedelta
    unmarked: Unmarked
    grace: timedelta = timedelta(seconds=30)
    late: timedelta = timedelta(seconds=30)
    config_digest: str = ""


def read_settings(environment: Mapping[str, str]) -> LedgerSettings:
    """Read the environment.

    Raises:
        WrongSetting: With the variable and what it may say. Never with the URL, which may
            hold a password.
    """
    return LedgerSettings(
        url=_url(environment.get(URL, "")),
        allow_for=_allow_for(environment.get(ON_OUTAGE, "refuse")),
        unmarked=_unmarked(environment.get(KEYS_WITHOUT_MARK, Unmarked.REFUSE)),
        grace=_seconds(GRACE, environment.get(GRACE, "30")),
        late=_seconds(LATE, environment.get(LATE, "30")),
        config_digest=environment.get(CONFIG_DIGEST, ""),
    )


def _url(text: str) -> str:
    if text.startswith("sqlite:"):
        raise WrongSetting(
            f"{URL} names a SQLite file, and the ledger's only store is PostgreSQL",
            help="copy the file with"
            " `aspire-gitops ledger move --from sqlite:////path --to postgresql://…`"
            f" and set {URL} to the copy",
        )
    if not text.startswith(("postgresql://", "postgres://")):
        raise WrongSetting(
            f"{URL} is missing or not a URL of PostgreSQL",
            help="set it to postgresql://user:password@host/name",
        )
    return text


def _allow_for(text: str) -> timedelta:
    if text == "refuse":
        return timedelta()
    if found := _ALLOW.fullmatch(text):
        return timedelta(minutes=int(found[1]))
    raise WrongSetting(
        f"invalid {ON_OUTAGE} {text!r}", help='write "refuse" or "allow for 10 minutes"'
    )


def _unmarked(text: str) -> Unmarked:
    try:
        return Unmarked(text)
    except ValueError:
        raise WrongSetting(
            f"invalid {KEYS_WITHOUT_MARK} {text!r}", help='write "refuse" or "allow"'
        ) from None


def _seconds(name: str, text: str) -> timedelta:
    if not re.fullmatch(r"[1-9]\d{0,4}", text):
        raise WrongSetting(
            f"invalid {name} {text!r}", help="write a whole number of seconds; the default is 30"
        )
    return timedelta(seconds=int(text))
