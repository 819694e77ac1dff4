"""The plan as people see it: in a terminal and in a pull request."""

from dataclasses import replace

from inline_snapshot import snapshot

from aspire_gitops.delivery.registry import file_target
from aspire_gitops.planning.plan import Action, Cause, Change, FieldChange, Plan, Refusal
from aspire_gitops.rendering.plan_markdown import plan_markdown
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.state import (
    GatewayObject,
    Intent,
    Kind,
    LiveFallback,
    ObjectKey,
    SecretReference,
)
from aspire_gitops.vocabulary.diagnostic import Rule
from aspire_ledger.canonical import JsonValue

VISION = ObjectKey(Kind.DEPLOYMENT, "qwen-vision")
POSTIZ = ObjectKey(Kind.KEY, "postiz.default")
CLOUD = ObjectKey(Kind.CREDENTIAL, "cloud")
OLD = ObjectKey(Kind.CREDENTIAL, "old")


def item(key: ObjectKey, address: str | None) -> GatewayObject:
    return GatewayObject(key, key.name, {}, address=address)


def plan(*changes: Change, **more: object) -> Plan:
    values: dict[str, object] = {
        "revision": "main@sha1:4f2c9d1",
        "gateway_name": "aspire",
        "gateway_url": "https://llm.example.com",
        "owner": "aspire-gitops",
        "based_on": "sha256:0",
        "changes": changes,
    }
    return Plan(**{**values, **more})  # type: ignore[arg-type]  # the test names the fields


CREATE = Change(
    Action.CREATE,
    CLOUD,
    after=replace(
        item(CLOUD, "gw.cloud"), fields={"credential_values.api_base": "https://c.example/v1"}
    ),
    intent=Intent(
        secrets={"credential_values.api_key": SecretReference("env", "CLOUD_KEY")},
        delivery=file_target("/run/key"),
    ),
    reason="only in git",
)
UPDATE = Change(
    Action.UPDATE,
    POSTIZ,
    (
        FieldChange("max_budget", 39.072, 78.144),
        FieldChange("rpm_limit", 600, 60, Cause.DRIFT),
        FieldChange("models", ("a", "b"), None),
    ),
    before=item(POSTIZ, "ab" * 32),
    after=item(POSTIZ, "ab" * 32),
)
DRIFT = Change(Action.UPDATE, POSTIZ, (FieldChange("rpm_limit", 600, 60, Cause.DRIFT),))
REPLACE = Change(
    Action.REPLACE,
    VISION,
    (FieldChange("litellm_params.rpm", 100, None),),
    before=item(VISION, "gw.qwen-vision.1"),
    after=item(VISION, "gw.qwen-vision.2"),
    reason="an update cannot unset this",
)
DELETE = Change(Action.DELETE, OLD, before=item(OLD, "gw.old"), reason="gone from git")
REFUSAL = Refusal(
    Rule("AG502", "last-key"), "key/postiz.default", "the last key", "add an Approval"
)
EVERYTHING = plan(
    CREATE,
    UPDATE,
    REPLACE,
    DELETE,
    refusals=(REFUSAL,),
    warnings=("the gateway runs LiteLLM 1.107.0, the reviewed files say 1.106.2",),
    unmanaged=tuple(f"key/hand-made-{n}" for n in range(10)),
    fallbacks=(LiveFallback("claude-sonnet", "general", ("qwen-chat",)),),
    unverified=(OLD,),
)


def test_text_shows_everything_that_matters() -> None:
    assert plan_text(EVERYTHING).plain == snapshot("""\
Plan df2a5768603a for aspire (https://llm.example.com) at main@sha1:4f2c9d1

  + create   credential/cloud  gw.cloud
      credential_values.api_base  https://c.example/v1
      credential_values.api_key   the secret at env:CLOUD_KEY
      value                       chosen when applied, handed over in /run/key

  ~ update   key/postiz.default  abababababab…
      max_budget  39.072 → 78.144
      rpm_limit   600 → 60  (drift)
      models      ["a","b"] → (unset)

  ± replace  deployment/qwen-vision  gw.qwen-vision.1 → gw.qwen-vision.2
      because an update cannot unset this
      litellm_params.rpm  100 → (unset)

  - delete   credential/old  gw.old
      because gone from git

  refused AG502 last-key  key/postiz.default
      the last key
      = help: add an Approval

  ! LIVE FALLBACK calls to claude-sonnet may be answered by qwen-chat (general, set by hand on the gateway)
      = help: DELETE /fallback/claude-sonnet removes it

  warning the gateway runs LiteLLM 1.107.0, the reviewed files say 1.106.2
  not compared, their secrets are not set here: credential/old
  unmanaged, left alone: 10 objects: key/hand-made-0, key/hand-made-1, key/hand-made-2, key/hand-made-3, key/hand-made-4, key/hand-made-5, key/hand-made-6, key/hand-made-7 and 2 more

4 changes: 1 create, 1 update, 1 replace, 1 delete. Refused, for 1 reason: apply will not carry it out.
""")


def test_text_of_nothing_to_do() -> None:
    assert plan_text(plan()).plain == snapshot("""\
Plan d7122417fda2 for aspire (https://llm.example.com) at main@sha1:4f2c9d1

No changes.
""")


def test_text_marks_a_change_that_only_undoes_drift() -> None:
    lines = plan_text(plan(DRIFT)).plain.splitlines()
    assert lines[2] == snapshot(
        "  ~ update   key/postiz.default  drift: git did not change, the gateway did"
    )
    assert lines[-1] == snapshot("1 change: 1 update, 1 of them drift.")


def test_markdown_shows_everything_that_matters() -> None:
    assert plan_markdown(EVERYTHING) == snapshot("""\
**4 changes: 1 create, 1 update, 1 replace, 1 delete** for `aspire` (`https://llm.example.com`).

> [!CAUTION]
> **Apply will refuse this**, for 1 reason:
> - AG502 `key/postiz.default`: the last key *add an Approval*

> [!WARNING]
> **A fallback is in force**, set by hand:
> - calls to `claude-sonnet` may be answered by `qwen-chat` (general)

| | object | what |
|---|---|---|
| `+` create | `credential/cloud` | 3 fields |
| `~` update | `key/postiz.default` | `max_budget` `39.072` → `78.144`<br>`rpm_limit` `600` → `60`<br>`models` `["a","b"]` → `(unset)` |
| `±` replace | `deployment/qwen-vision` | `litellm_params.rpm` `100` → `(unset)` |
| `-` delete | `credential/old` | gone from git |

<details><summary>Every field (7)</summary>

| object | field | before | after | why |
|---|---|---|---|---|
| `credential/cloud` | `credential_values.api_base` | `(unset)` | `https://c.example/v1` | git |
| `credential/cloud` | `credential_values.api_key` | `(unset)` | `the secret at env:CLOUD_KEY` | git |
| `credential/cloud` | `value` | `(unset)` | `chosen when applied, handed over in /run/key` | git |
| `key/postiz.default` | `max_budget` | `39.072` | `78.144` | git |
| `key/postiz.default` | `rpm_limit` | `600` | `60` | drift |
| `key/postiz.default` | `models` | `["a","b"]` | `(unset)` | git |
| `deployment/qwen-vision` | `litellm_params.rpm` | `100` | `(unset)` | git |

</details>

- warning: the gateway runs LiteLLM 1.107.0, the reviewed files say 1.106.2
- not compared, their secrets were not set: `credential/old`
- unmanaged, left alone: 10 objects

<sub>Plan `df2a5768603a` at `main@sha1:4f2c9d1`</sub>
""")


def test_markdown_of_nothing_to_do() -> None:
    assert plan_markdown(plan()) == snapshot("""\
**No changes** for `aspire` (`https://llm.example.com`).

<sub>Plan `d7122417fda2` at `main@sha1:4f2c9d1`</sub>
""")


def test_a_changed_card_shows_what_differs_in_it() -> None:
    card: JsonValue = {"format": 1, "price": {"input": "1", "output": "5"}, "timeout_s": 300}
    dearer: JsonValue = {
        "format": 1,
        "price": {"input": "2", "output": "5"},
        "allow_parameters": ("top_k",),
    }
    field = FieldChange("model_info.aspire", card, dearer)
    change = Change(
        Action.UPDATE, VISION, (field,), before=item(VISION, "a"), after=item(VISION, "a")
    )
    text = str(plan_text(plan(change)))
    table = plan_markdown(plan(change))
    for path in ("allow_parameters", "price.input", "timeout_s"):
        assert f"model_info.aspire.{path}" in text
        assert f"`model_info.aspire.{path}`" in table
    for path in ("price.output", "format"):
        assert f"model_info.aspire.{path}" not in text + table
