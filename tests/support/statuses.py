"""Statuses to look at: what Aspire's controller would say on a good day and on bad ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aspire_gitops.controller.witness import restart_help
from aspire_gitops.delivery.registry import file_target
from aspire_gitops.planning import Action, Cause, Change, FieldChange, Plan, Refusal
from aspire_gitops.spend import BudgetSpend, PriceDifference, PriceDifferences, Spend, forecast
from aspire_gitops.spend.calls import AliasFailures, AppParameter, CallReport
from aspire_gitops.state import Intent, Kind, LiveFallback, ObjectKey, SecretReference
from aspire_gitops.status.value import (
    AliasRow,
    Answer,
    AppRow,
    DowntimeReport,
    Drifted,
    DriftKind,
    FlappingField,
    Hold,
    HoldKind,
    JournalFacts,
    MovedField,
    OtherAnswer,
    Role,
    SpendReport,
    Standing,
    Status,
    Trouble,
    TroubleKind,
    Turn,
)
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import Diagnostic, Revision, Rule, Span
from aspire_gitops.witness import Answers, Facts, SeenProcess, SettingsReport, judge
from aspire_ledger.money import Aud, Month
from support.objects import app_key, applied, credential, deployment, unmanaged

NOW = datetime(2026, 11, 23, 3, 14, 15, tzinfo=UTC)
SWAP = Revision(
    "main",
    "4f2c9d1a0b3c5d7e9f1a2b3c4d5e6f7a8b9c0d1e",
    author="Mia Okafor <mia.okafor@aspiredigital.group>",
    subject="Move qwen-vision to the 235b model at cloud-first",
    approvers=("Tom Berg <tom.berg@aspiredigital.group>",),
)
BEFORE = Revision(
    "main",
    "b81d77e2c4a6f80913d5e7c9ab1d3f5072946e8a",
    author="Tom Berg <tom.berg@aspiredigital.group>",
    subject="Raise the budget of knowledge-os to 180 AUD",
)

ALIASES = (
    AliasRow("claude-sonnet", "chat", "anthropic", "anthropic.com", "claude-sonnet-4-5", live=True),
    AliasRow("embed-small", "embedding", "openai-eu", "openai.com", "text-embedding-3-small", live=True),
    AliasRow("gpt-4o-eu", "chat", "openai-eu", "openai.com", "gpt-4o-2024-11-20", live=True),
    AliasRow("qwen-vision", "chat", "cloud-first", "cloud-first.ai", "qwen3-vl-235b-a22b-instruct", live=True),
    AliasRow("whisper", "audio_transcription", "openai-eu", "openai.com", "whisper-1", live=True),
)  # fmt: skip
APPS = (
    AppRow("knowledge-os", "platform@aspiredigital.group", ("claude-sonnet", "embed-small", "qwen-vision"), "knowledge-os", "180", 2, 2),
    AppRow("postiz", "social@aspiredigital.group", ("gpt-4o-eu",), "marketing", "60", 1, 1),
    AppRow("transcripts", "media@aspiredigital.group", ("claude-sonnet", "whisper"), "media", "95.50", 1, 1),
)  # fmt: skip

SYDNEY = ZoneInfo("Australia/Sydney")


def _budget(
    name: str,
    spent: str,
    cap: str,
    calls: int,
    days: Sequence[str],
    *apps: str,
    estimated: tuple[str, int] = ("0", 0),
) -> BudgetSpend:
    """Return a budget whose last days cost `days`, yesterday last."""
    today, month = NOW.astimezone(SYDNEY).date(), Month.containing(NOW, SYDNEY)
    cost = {today - timedelta(days=len(days) - n): Aud(Decimal(d)) for n, d in enumerate(days)}
    so_far, most = Aud(Decimal(spent)), Aud(Decimal(cap))
    ahead = forecast(spent=so_far, cap=most, days=cost, now=NOW, month=month)
    guess, guesses = estimated
    return BudgetSpend(
        name, apps, so_far, calls, most, (50, 80, 95), ahead, Aud(Decimal(guess)), guesses
    )


SPEND = SpendReport(
    Spend(
        "2026-11",
        "Australia/Sydney",
        NOW - timedelta(seconds=24),
        is_current=True,
        budgets=(
            _budget("agents", "0", "120", 0, ()),
            _budget("knowledge-os", "151.2046", "180", 48_211, ("7.1", "6.4", "8.9", "1.2", "0.8", "7.7", "9.4") * 2, "knowledge-os", estimated=("2.1", 37)),
            _budget("marketing", "12.37", "60", 902, ("0.4", "0.7", "0.5", "0.1", "0", "0.6", "0.5") * 2, "postiz", "zac-landing"),
            _budget("media", "95.6", "95.50", 310, ("31", "22", "4"), "transcripts"),
        ),
    )
)  # fmt: skip


CALLS = CallReport(
    at=NOW - timedelta(minutes=3),
    month="2026-11",
    since=date(2026, 11, 17),
    until=date(2026, 11, 23),
    failures=(
        AliasFailures("qwen-vision", "429", 1_204, 31),
        AliasFailures("claude-sonnet", "timeout", 3, 0),
    ),
    parameters=(
        AppParameter("knowledge-os", "enable_thinking", "passed", 2_310, ("qwen-vision",)),
        AppParameter("knowledge-os", "guided_json", "passed", 48, ("claude-sonnet", "qwen-vision")),
        AppParameter("postiz", "client_metadata", "removed", 9, ("gpt-4o-eu",)),
    ),
    prices=PriceDifferences(
        2,
        (
            PriceDifference("chatcmpl-7f2c", "gpt-4o-eu", "gw.gpt-4o-eu.1", Decimal("0.4125"), Decimal("0.0825")),
            PriceDifference("chatcmpl-91ab", "embed-small", "gw.embed-small.1", Decimal("0.0000213"), Decimal(0)),
        ),
    ),
)  # fmt: skip
DOWNTIME = DowntimeReport(Downtime("2026-11", 754.2, date(2026, 11, 1)), 3600)


def turn(number: int = 1, *, minutes_ago: float = 1, **changes: object) -> Turn:
    """Return a quiet turn, with whatever the test is about changed."""
    quiet = Turn(
        id=f"t-{number:04}",
        causes=("interval",),
        started_at=NOW - timedelta(minutes=minutes_ago),
        duration_s=0.214,
        standing=Standing.READY,
        reason="the gateway matches git",
        wanted=SWAP,
        applied=SWAP,
        gateway_s=0.151,
        source_s=0.028,
        own_s=0.031,
        look_again_s=60,
    )
    return replace(quiet, **changes)  # type: ignore[arg-type]  # fields of Turn


def swap_plan() -> Plan:
    """Return the plan of a commit that moves one alias, adds an app's key and drops a provider."""
    live = applied(deployment("qwen-vision", "cloud-first"))
    key = app_key("transcripts", "worker", models=("claude-sonnet", "whisper"))
    secret = Intent(secrets={"credential_values.api_key": SecretReference("env", "GROQ_API_KEY")})
    return Plan(
        revision=str(SWAP),
        gateway_name="aspire",
        gateway_url="https://llm.aspiredigital.group",
        owner="aspire-gitops",
        based_on="sha256:" + "0" * 64,
        changes=(
            Change(Action.CREATE, credential("groq").key, after=credential("groq"), intent=secret),
            Change(
                Action.REPLACE,
                live.key,
                (
                    FieldChange("litellm_params.model", "openai/qwen2.5-vl-72b-instruct", "openai/qwen3-vl-235b-a22b-instruct"),
                    FieldChange("litellm_params.rpm", 120, None),
                ),
                live,
                replace(live, address="gw.qwen-vision.2"),
                reason="an update cannot unset litellm_params.rpm",
            ),
            Change(
                Action.UPDATE,
                ObjectKey(Kind.KEY, "postiz.main"),
                (FieldChange("max_budget", 500, 39.072, Cause.DRIFT),),
                applied(app_key("postiz")),
                applied(app_key("postiz")),
            ),
            Change(Action.CREATE, key.key, after=key, intent=Intent(delivery=file_target("/run/keys/transcripts"))),
            Change(Action.DELETE, ObjectKey(Kind.DEPLOYMENT, "gpt-35"), before=applied(deployment("gpt-35")), reason="git no longer declares it"),
        ),
    )  # fmt: skip


REFUSAL = Refusal(
    Rule("AG503", "alias-in-use"),
    "deployment/gpt-35",
    "app postiz may still call gpt-35, and would get errors",
    "remove the alias from the app first, or add an Approval: "
    "kind: Approval, change: remove-alias, object: deployment/gpt-35",
)
FREEZE = Hold(
    HoldKind.FREEZE,
    "tom.berg",
    "month-end billing run, nothing may move",
    NOW - timedelta(minutes=35),
    NOW + timedelta(hours=1, minutes=25),
)
DRIFT = (
    Drifted(
        "key/postiz.main",
        ("max_budget",),
        Answer.HEALED,
        "sam.lee@aspiredigital.group",
        NOW - timedelta(minutes=9),
        moved=(MovedField("max_budget", "48.84", "500"),),
        first_seen=NOW - timedelta(minutes=8),
    ),
    Drifted("deployment/whisper", (), Answer.REPORTED, kind=DriftKind.DELETED),
)
FLAPPING = FlappingField(
    "key/postiz.main",
    "max_budget",
    4,
    NOW - timedelta(minutes=9),
    NOW + timedelta(minutes=21),
)
MISTAKE = Diagnostic(
    Rule("AG201", "unknown-provider"),
    Span("gateway.d/aliases/chat.yaml", 7, 13, 18, "  provider: opena"),
    'alias "gpt-4o-eu" names provider "opena", which no file declares',
    'did you mean "openai-eu"?',
)


DIGEST = "sha256:4b9d1c0a77e2f35c8a6b0d94e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4"


def _process(name: str, settings: str = DIGEST) -> Facts:
    return Facts(name, settings, settings, "1.106.2", "0.1.0", "on")


def settings_report(
    *found: Facts, rows: Sequence[Facts] = (), unguarded: int = 0
) -> SettingsReport:
    """Return what is said of processes that answered, and of those that have a row."""
    return judge(
        DIGEST,
        [SeenProcess(one, 3.0) for one in rows or found],
        Answers({one.process: one for one in found}, unguarded),
        deploying=False,
        restart=restart_help(SWAP, DIGEST),
    )


VERIFIED = settings_report(_process("gateway-1-7-1f0c9a22"), _process("gateway-2-7-8be03d41"))


def restart() -> Status:
    """Return a revision that is applied, and one of two processes that runs other settings."""
    old = _process("gateway-2-7-8be03d41", "sha256:99" + "0" * 62)
    report = settings_report(_process("gateway-1-7-1f0c9a22"), old)
    last = turn(
        31,
        minutes_ago=0.3,
        standing=Standing.STALLED,
        reason=f"{SWAP.short} is applied, {report.reason}",
        help=report.help,
        applied=BEFORE,
        settings=report,
    )
    return replace(
        ready(),
        standing=last.standing,
        reason=last.reason,
        help=last.help,
        applied=BEFORE,
        settings=report,
        turns=(last, *ready().turns),
    )


def unverified() -> Status:
    """Return a gateway that matches git, and a row of a process that nobody answers for."""
    known = _process("gateway-1-7-1f0c9a22")
    return replace(ready(), settings=settings_report(known, rows=(known, _process("forged"))))


def ready() -> Status:
    """Return a good day: a swap was applied an hour ago, then quiet."""
    swap = turn(
        20,
        minutes_ago=64,
        causes=("webhook",),
        reason="applied 5 changes of main@sha1:4f2c9d1a0b3c",
        plan=swap_plan(),
        counts={"applied": 5},
        duration_s=3.42,
        gateway_s=3.1,
        source_s=0.21,
        own_s=0.09,
    )
    blip = turn(
        19,
        minutes_ago=65,
        standing=Standing.WAITING,
        reason="the gateway did not answer within 10 s",
        duration_s=10.1,
        gateway_s=10.0,
        applied=BEFORE,
    )
    quiet = tuple(turn(30 - n, minutes_ago=0.4 + n) for n in range(6))
    return Status(
        at=NOW,
        started_at=NOW - timedelta(days=6, hours=2),
        version="0.2.0",
        role=Role.LEADER,
        standing=Standing.READY,
        reason="the gateway matches git",
        gateway_name="aspire",
        gateway_url="https://llm.aspiredigital.group",
        litellm_version="1.106.2",
        wanted=SWAP,
        applied=SWAP,
        applied_at=NOW - timedelta(minutes=64),
        last_success_at=NOW - timedelta(seconds=24),
        next_look_at=NOW + timedelta(seconds=36),
        turns=(*quiet, swap, blip),
        aliases=ALIASES,
        apps=APPS,
        unmanaged=("deployment/playground-llama", "key/sam-laptop"),
        spend=SPEND,
        calls=CALLS,
        downtime=DOWNTIME,
        settings=VERIFIED,
        journal=JournalFacts(4_812, 3_407_872, "9b1fae4407d2c5e83a60f1d7c2b94e5da816f3702c9e41b8d0a7f65c3e29b184"),
    )  # fmt: skip


def waiting() -> Status:
    """Return a gateway that does not answer, while a commit waits to be applied."""
    last = turn(
        31,
        minutes_ago=0.3,
        standing=Standing.WAITING,
        reason="the gateway answers 503 (no healthy database connection)",
        applied=BEFORE,
        duration_s=31.2,
        gateway_s=30.9,
    )
    good = ready()
    return replace(
        good,
        standing=last.standing,
        reason=last.reason,
        help="",
        applied=BEFORE,
        applied_at=NOW - timedelta(days=2),
        last_success_at=NOW - timedelta(minutes=7),
        next_look_at=NOW + timedelta(seconds=95),
        at_work="reading the gateway",
        turns=(last, *good.turns),
        aliases=tuple(replace(row, live=row.name != "qwen-vision") for row in ALIASES),
        untold=3,
    )


def stalled() -> Status:
    """Return a commit that must not be applied, drift, a flapping field and a fallback set by hand."""
    last = turn(
        31,
        minutes_ago=0.3,
        standing=Standing.STALLED,
        reason="the plan of main@sha1:4f2c9d1a0b3c is refused: it would delete deployment/gpt-35",
        help=REFUSAL.help,
        applied=BEFORE,
        plan=replace(swap_plan(), refusals=(REFUSAL,)),
        drift=DRIFT,
        flapping=(FLAPPING,),
        diagnostics=(MISTAKE,),
        failures=("key/postiz.main: the gateway answered 400 to the update",),
    )
    good = ready()
    return replace(
        good,
        standing=last.standing,
        reason=last.reason,
        help=last.help,
        applied=BEFORE,
        applied_at=NOW - timedelta(days=2),
        last_success_at=NOW - timedelta(minutes=64),
        next_look_at=NOW + timedelta(minutes=9),
        pending=replace(
            swap_plan(), refusals=(REFUSAL,), warnings=("the exchange rate is 40 days old",)
        ),
        drift=DRIFT,
        flapping=(FLAPPING,),
        turns=(last, *good.turns),
        fallbacks=(LiveFallback("gpt-4o-eu", "general", ("claude-sonnet", "playground-llama")),),
        aliases=tuple(replace(row, live=row.name != "qwen-vision") for row in ALIASES),
        apps=(replace(APPS[0], live_keys=1), *APPS[1:]),
    )


def frozen() -> Status:
    """Return a freeze, with a plan that waits for its end."""
    last = turn(
        31,
        minutes_ago=0.3,
        reason="5 changes wait for the end of the freeze",
        help="aspire-gitops resume ends it now",
        applied=BEFORE,
        plan=swap_plan(),
        holds=(FREEZE,),
    )
    return replace(
        ready(),
        reason=last.reason,
        help=last.help,
        applied=BEFORE,
        applied_at=NOW - timedelta(days=2),
        pending=swap_plan(),
        holds=(FREEZE,),
        turns=(last, *ready().turns),
    )


def fresh() -> Status:
    """Return a controller that has just started, and knows nothing yet."""
    return Status(
        at=NOW,
        started_at=NOW - timedelta(seconds=1),
        version="0.2.0",
        role=Role.LEADER,
        standing=Standing.WAITING,
        reason="no turn has ended yet",
        at_work="reading git",
    )


def standby() -> Status:
    """Return the second of two controllers."""
    return replace(
        fresh(), role=Role.STANDBY, reason="another controller holds the lock", at_work=None
    )


def degraded() -> Status:
    """Return a gateway that is as git says while calls fail, go elsewhere or are not counted."""
    command = (
        "curl -fsS -X POST http://llm.example.com/model/delete"
        ' -H "Authorization: Bearer $ASPIRE_GITOPS_ADMIN_KEY"'
        " -H 'Content-Type: application/json' -d '{\"id\":\"3f2a9c1e-77b0-4c0e-9a52-0d8f5c1b2a34\"}'"
    )
    other = OtherAnswer(
        "3f2a9c1e-77b0-4c0e-9a52-0d8f5c1b2a34",
        "openai/gpt-4o",
        "api.elsewhere.example",
        NOW - timedelta(minutes=21),
        8,
        20,
        command=command,
    )
    gpt = next(row for row in ALIASES if row.name == "gpt-4o-eu")
    troubles = (
        Trouble(TroubleKind.BUDGET, "media", "95.60 of 95.50 AUD are spent in November 2026: its calls are refused until the month turns", "raise `monthly_aud` of the Budget, or give it an uplift", ("transcripts",)),
        Trouble(TroubleKind.KEY, "key/postiz.default", "LiteLLM refuses it: it is blocked", "unblock it: POST /key/unblock", ("postiz",)),
        Trouble(TroubleKind.INTRUDER, "deployment/gpt-4o-eu", f"deployment {other.address}, not ours, shares the calls to gpt-4o-eu with openai/gpt-4o at api.elsewhere.example: 8 of the last 20 calls (40 %)", command, (), other.since),
        Trouble(TroubleKind.SECRET, "credential/cloud-first", "its secret env:CLOUD_FIRST_API_KEY is not at hand: calls go on with what is on the gateway, which cannot be checked or restored (called by knowledge-os)", "set env:CLOUD_FIRST_API_KEY where the controller runs, and restart it if that is a variable"),
        Trouble(TroubleKind.SPEND, "deployment/claude-sonnet", "3 calls of app knowledge-os were let through and nothing was booked for them, neither by the ledger nor by LiteLLM", "look at the gateway's log for `aspire_ledger`: is the callback loaded, and does its database answer?", (), NOW - timedelta(hours=2)),
    )  # fmt: skip
    return replace(
        ready(),
        troubles=troubles,
        aliases=tuple(replace(row, others=(other,)) if row is gpt else row for row in ALIASES),
        seen_at=NOW,
    )


def silent() -> Status:
    """Return a controller whose gateway has not answered for four minutes."""
    reason = "GET /key/list: no answer from http://llm.example.com: connection refused"
    return replace(
        ready(),
        standing=Standing.WAITING,
        reason=reason,
        help="check ASPIRE_GITOPS_GATEWAY_URL, and that the gateway runs and this machine reaches it",
        turns=(
            turn(2, minutes_ago=1, standing=Standing.WAITING, reason=reason),
            turn(1, minutes_ago=5),
        ),
        is_current=False,
        seen_at=NOW - timedelta(minutes=5),
        silent_since=NOW - timedelta(minutes=4),
        downtime=DowntimeReport(Downtime("2026-11", 1074.2, date(2026, 11, 1)), 3600),
    )


STATUSES: Mapping[str, Status] = {
    "ready": ready(),
    "waiting": waiting(),
    "stalled": stalled(),
    "frozen": frozen(),
    "fresh": fresh(),
    "standby": standby(),
    "restart": restart(),
    "unverified": unverified(),
    "degraded": degraded(),
    "silent": silent(),
}


def hostile(text: str) -> Status:
    """Return a status with `text` wherever others may write."""
    live = unmanaged(deployment(text or "x"))
    key = ObjectKey(Kind.DEPLOYMENT, text or "x")
    revision = Revision(text, text, author=text, subject=text, approvers=(text,))
    change = Change(Action.UPDATE, key, (FieldChange(text, text, [text]),), live, live, reason=text)
    plan = Plan(
        revision=text,
        gateway_name=text,
        gateway_url=text,
        owner="o",
        based_on="sha256:0",
        changes=(change,),
        refusals=(Refusal(Rule("AG501", "too-many"), text, text, text),),
        warnings=(text,),
    )
    hold = Hold(HoldKind.FREEZE, text, text, NOW, NOW)
    flap = FlappingField(text, text, 3, NOW, NOW)
    drifted = Drifted(text, (text,), Answer.HELD, text, NOW)
    found = Diagnostic(Rule("AG201", "x"), Span(text, snippet=text), text, text)
    last = turn(
        id=text,
        causes=(text,),
        reason=text,
        help=text,
        wanted=revision,
        applied=revision,
        counts={"applied": 1},
        failures=(text,),
        diagnostics=(found,),
        drift=(drifted,),
        flapping=(flap,),
        holds=(hold,),
    )
    return replace(
        ready(),
        version=text,
        reason=text,
        help=text,
        gateway_name=text,
        gateway_url=text,
        litellm_version=text,
        wanted=revision,
        applied=revision,
        at_work=text,
        pending=plan,
        turns=(last,),
        aliases=(AliasRow(text, text, text, text, text, live=False, others=(_other(text),)),),
        troubles=(Trouble(TroubleKind.HELD, text, text, text, (text,), NOW),),
        apps=(AppRow(text, text, (text,), text, text, 1, 1),),
        drift=(drifted,),
        flapping=(flap,),
        holds=(hold,),
        unmanaged=(text,),
        fallbacks=(LiveFallback(text, text, (text,)),),
        journal=JournalFacts(1, 1, text),
        spend=SpendReport(_spend_of(text), text),
        calls=_calls_of(text),
        settings=settings_report(Facts(text, text, text, text, text, text), unguarded=1),
    )


def _other(text: str) -> OtherAnswer:
    return OtherAnswer(text, text, text, NOW, 1, 2, NOW, text)


def _spend_of(text: str) -> Spend:
    spent = Aud(Decimal(5))
    row = BudgetSpend(text, (text,), spent, 1, Aud(Decimal(10)), estimated=spent, estimated_calls=1)
    return Spend("2026-11", "Australia/Sydney", NOW, is_current=True, budgets=(row,))


def _calls_of(text: str) -> CallReport:
    one = PriceDifference(text, text, text, Decimal(1), Decimal("NaN"))
    return replace(
        CALLS,
        failures=(AliasFailures(text, text, 1, 1),),
        parameters=(AppParameter(text, text, text, 1, (text,)),),
        prices=PriceDifferences(1, (one,)),
        problem=text,
    )


@dataclass
class StandIn:
    """A controller as the server sees it: says `now`, and remembers who woke it."""

    now: Status = field(default_factory=ready)
    moving: bool = True
    woken: list[str] = field(default_factory=list)
    answer: Turn | Exception = field(default_factory=turn)

    def status(self) -> Status:
        return self.now

    def alive(self) -> bool:
        return self.moving

    def wake(self, cause: str) -> None:
        self.woken.append(cause)

    async def turn(self, cause: str) -> Turn:
        self.woken.append(cause)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
