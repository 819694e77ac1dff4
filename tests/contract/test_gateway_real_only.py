"""What only the real gateway can show: its connections, its memory, its first start."""

import pytest

from aspire_gitops.applying.proof import unmet
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.kinds import KINDS, Call, Endpoint
from aspire_gitops.state import Kind, ObjectKey
from aspire_gitops.vocabulary import GatewayUnavailable
from support.fake_gateway_subject import Subject, fresh, marked
from support.sandboxes import fresh_sandbox

pytestmark = pytest.mark.real


@pytest.fixture
def gateway(real_subject: Subject) -> Subject:
    return real_subject


def test_a_fact_written_for_one_deployment_shows_on_others_of_the_same_model(
    gateway: Subject,
) -> None:
    """So a fact on a row proves nothing about who wrote it there; only our mark does."""
    model = f"openai/{fresh('unknown')}"
    writer = gateway.new_model(fresh("m"), model=model, info={"max_input_tokens": 7})
    other = gateway.new_model(fresh("m"), model=model)
    reply = gateway.tell("GET", f"/v1/model/info?litellm_model_id={other}")
    assert reply["data"][0]["model_info"]["max_input_tokens"] == 7
    found = gateway.read(Kind.DEPLOYMENT, other)
    assert found is not None
    assert "model_info.max_input_tokens" not in found.fields
    assert writer != other


def test_a_text_that_names_a_variable_reads_back_as_the_variable(gateway: Subject) -> None:
    """LiteLLM puts it there for good and sends it to the provider: hence AG330, and the taking back."""
    name = fresh("m")
    wanted = marked(
        Kind.DEPLOYMENT,
        name,
        name,
        f"gw.{name}.1",
        litellm_params__model="openai/x",
        litellm_params__stop="os.environ/PATH",
    )

    async def written(client: GatewayClient) -> None:
        await client.create(wanted, {})
        found = await client.read(Kind.DEPLOYMENT, f"gw.{name}.1")
        assert found is not None
        assert "/bin" in str(found.fields["litellm_params.stop"])
        assert unmet(wanted, found, frozenset()) == ["litellm_params.stop is not what was written"]
        await client.delete(wanted)

    gateway.using(written)


def test_lists_and_mappings_read_back_as_they_were_written(gateway: Subject) -> None:
    name = fresh("m")
    wanted = marked(
        Kind.DEPLOYMENT,
        name,
        name,
        f"gw.{name}.1",
        litellm_params__model="openai/x",
        litellm_params__stop=("###", "end"),
        litellm_params__chat_template_kwargs={"enable_thinking": False, "thinking_budget": 5},
        litellm_params__logit_bias={"50256": -100},
        litellm_params__allowed_openai_params=("reasoning_effort",),
    )

    async def written(client: GatewayClient) -> None:
        await client.create(wanted, {})
        assert await client.read(Kind.DEPLOYMENT, f"gw.{name}.1") == wanted
        await client.delete(wanted)

    gateway.using(written)


def test_a_blocked_alias_shows_no_fallback_and_uses_none(gateway: Subject) -> None:
    alias, other = fresh("m"), fresh("m")
    address = gateway.new_model(alias)
    gateway.new_model(other)
    key, _ = gateway.new_key(models=[alias, other])
    gateway.tell("POST", "/fallback", {"model": alias, "fallback_models": [other]})
    try:
        blocked = {"blocked": True, "model_info": {"id": address}}
        gateway.tell("PATCH", f"/model/{address}/update", blocked)
        chat = {"model": alias, "messages": [{"role": "user", "content": "ping"}]}
        assert gateway.ask("POST", "/v1/chat/completions", chat, key=key)[0] == 403
        assert alias not in {row.alias for row in gateway.snapshot().fallbacks}
    finally:
        gateway.tell("DELETE", f"/fallback/{alias}")


def test_a_write_right_after_a_500_does_not_meet_a_dead_connection(gateway: Subject) -> None:
    """LiteLLM hangs up after some 500s; the client must not send its next write there."""

    async def alternating(client: GatewayClient) -> None:
        for _ in range(5):
            name = fresh("m")
            nameless = Call(Endpoint("POST", "/model/new"), body={"litellm_params": {"model": "x"}})
            with pytest.raises(GatewayUnavailable, match="500"):
                await client._api.send(nameless)
            wanted = marked(
                Kind.DEPLOYMENT, name, name, f"gw.{name}.1", litellm_params__model="openai/x"
            )
            await client.create(wanted, {})
            assert await client.read(Kind.DEPLOYMENT, f"gw.{name}.1") == wanted
            await client.delete(wanted)

    gateway.using(alternating)


@pytest.mark.slow
def test_a_gateway_that_never_had_an_object_reads_as_empty() -> None:
    with fresh_sandbox() as sandbox:
        empty = Subject(sandbox.base_url, sandbox.master_key, "")
        found = empty.snapshot()
        assert (found.objects, found.fallbacks) == ((), ())
        assert found.litellm_version == "1.106.2"
        addresses = {kind: str(ObjectKey(kind, "none")) for kind in KINDS}
        assert [empty.read(kind, address) for kind, address in addresses.items()] == [None] * 3
