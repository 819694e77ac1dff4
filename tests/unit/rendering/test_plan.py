"""The plan as people see it: in a terminal and in a pull request."""

from inline_snapshot import snapshot

from aspire_gitops.diagnostics import Rule
from aspire_gitops.planning.plan import Action, Cause, Change, FieldChange, Plan, Refusal
from aspire_gitops.rendering.plan_markdown import plan_markdown
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.state import GatewayObject, Kind, LiveFallback, ObjectKey

VISION = ObjectKey(Kind.DEPLOYMENT, "qwen-vision")
POSTIZ = ObjectKey(Kind.KEY, "postiz.default")
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
    VISION,
    (
        FieldChange("litellm_params.model", None, "openai/qwen3-vl"),
        FieldChange("model_info.supports_vision", None, True),
    ),
    after=item(VISION, "gw.qwen-vision.1"),
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
    foreign=tuple(f"key/hand-made-{n}" for n in range(10)),
    fallbacks=(LiveFallback("claude-sonnet", "general", ("qwen-chat",)),),
    unverified=(OLD,),
)


def test_text_shows_everything_that_matters() -> None:
    assert plan_text(EVERYTHING).plain == snapshot("""\
Plan c43ecd8be4f5 for aspire (https://llm.example.com) at main@sha1:4f2c9d1

  + create   deployment/qwen-vision  gw.qwen-vision.1
      because only in git
      litellm_params.model        openai/qwen3-vl
      model_info.supports_vision  true

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

  warning the gateway runs LiteLLM 1.107.0, the reviewed files say 1.106.2
  not compared, their secrets are not set here: credential/old
  not ours, left alone: 10 objects: key/hand-made-0, key/hand-made-1, key/hand-made-2, key/hand-made-3, key/hand-made-4, key/hand-made-5, key/hand-made-6, key/hand-made-7 and 2 more

4 changes: 1 create, 1 update, 1 replace, 1 delete. Apply will refuse it, for 1 reason.
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
**4 changes: 1 create, 1 update, 1 replace, 1 delete** for <code>aspire</code> (<code>https://llm.example.com</code>).

> [!CAUTION]
> **Apply will refuse this**, for 1 reason:
> - AG502 <code>key/postiz.default</code>: the last key *add an Approval*

> [!WARNING]
> **A fallback is in force**, set by hand:
> - calls to <code>claude-sonnet</code> may be answered by <code>qwen-chat</code> (general)

| | object | what |
|---|---|---|
| <code>+</code> create | <code>deployment/qwen-vision</code> | only in git |
| <code>~</code> update | <code>key/postiz.default</code> | <code>max_budget</code> <code>39.072</code> → <code>78.144</code><br><code>rpm_limit</code> <code>600</code> → <code>60</code><br><code>models</code> <code>["a","b"]</code> → <code>(unset)</code> |
| <code>±</code> replace | <code>deployment/qwen-vision</code> | <code>litellm_params.rpm</code> <code>100</code> → <code>(unset)</code> |
| <code>-</code> delete | <code>credential/old</code> | gone from git |

<details><summary>Every field (6)</summary>

| object | field | before | after | why |
|---|---|---|---|---|
| <code>deployment/qwen-vision</code> | <code>litellm_params.model</code> | <code>(unset)</code> | <code>openai/qwen3-vl</code> | git |
| <code>deployment/qwen-vision</code> | <code>model_info.supports_vision</code> | <code>(unset)</code> | <code>true</code> | git |
| <code>key/postiz.default</code> | <code>max_budget</code> | <code>39.072</code> | <code>78.144</code> | git |
| <code>key/postiz.default</code> | <code>rpm_limit</code> | <code>600</code> | <code>60</code> | drift |
| <code>key/postiz.default</code> | <code>models</code> | <code>["a","b"]</code> | <code>(unset)</code> | git |
| <code>deployment/qwen-vision</code> | <code>litellm_params.rpm</code> | <code>100</code> | <code>(unset)</code> | git |

</details>

- warning: the gateway runs LiteLLM 1.107.0, the reviewed files say 1.106.2
- not compared, their secrets were not set: <code>credential/old</code>
- not ours, left alone: 10 objects

<sub>Plan <code>c43ecd8be4f5</code> at <code>main&#64;sha1:4f2c9d1</code></sub>
""")


def test_markdown_of_nothing_to_do() -> None:
    assert plan_markdown(plan()) == snapshot("""\
**No changes** for <code>aspire</code> (<code>https://llm.example.com</code>).

<sub>Plan <code>d7122417fda2</code> at <code>main&#64;sha1:4f2c9d1</code></sub>
""")
