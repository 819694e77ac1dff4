"""Probes of Aspire's seven aliases on a real gateway with a ledger, each alias broken in each way."""

import hashlib
import json
import re
import secrets as random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.probing import probe_key
from aspire_gitops.sandbox import Sandbox, SandboxOptions, UpstreamControl
from aspire_gitops.sandbox.upstream.bill import Report
from support.catalogs import catalog_of_folder
from support.command_line import CommandLine, Ended
from support.sandbox_admin import Admin, admin_of
from support.sandboxes import fresh_sandbox
from support.worked_example import GATEWAY_D, rate_day

pytestmark = [pytest.mark.real, pytest.mark.slow]

_PRIVATE = "private_network: {reason: a stand-in of a test}\n"


@dataclass(frozen=True)
class Probed:
    """A gateway that is as the files say, and a shell beside it."""

    sandbox: Sandbox
    upstream: UpstreamControl
    admin: Admin
    shell: CommandLine

    @property
    def key(self) -> str:
        return probe_key(SecretStr(self.sandbox.master_key)).get_secret_value()

    def probe(self, *aliases: str, code: int) -> dict[str, Any]:
        """Probe, and return the report by alias: the verdicts of each, in turns."""
        ended = self.shell.run("probe", *aliases, "--format", "json", *_today())
        assert ended.returncode == code, ended.stderr
        assert self.key not in ended.stdout + ended.stderr
        return dict(json.loads(ended.stdout))

    def verdicts(self, *aliases: str, code: int = 1) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in self.probe(*aliases, code=code)["findings"]:
            found.setdefault(one["alias"], set()).add(one["verdict"])
        return found

    def apply(self) -> Ended:
        return self.shell.run("apply", "--yes", *_today())

    def patch(self, alias: str, **params: Any) -> None:
        body = {"litellm_params": params, "model_info": {"id": f"gw.{alias}.1"}}
        self.admin.send("PATCH", f"/model/gw.{alias}.1/update", body)


def _today() -> tuple[str, str]:
    return "--today", rate_day().isoformat()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    folder = tmp_path_factory.mktemp("probes")
    files = folder / "gateway.d"
    shutil.copytree(GATEWAY_D, files)
    today = rate_day()
    config = folder / "config.yaml"
    config.write_text(
        compile_catalog(catalog_of_folder(files, today=today), today=today).config_yaml
    )
    options = SandboxOptions(config=config, upstream=True, ledger=True)
    with fresh_sandbox(options) as sandbox, admin_of(sandbox) as admin:
        for path in (files / "providers").iterdir():
            text = re.sub(
                r"(?m)^base_url: \S+.*$",
                f"base_url: {sandbox.upstream_url}/{path.stem}"
                + ("" if "anthropic" in path.read_text() else "/v1"),
                path.read_text(),
            )
            path.write_text(text + ("" if "private_network" in text else _PRIVATE))
        for path in (files / "apps").iterdir():
            text = path.read_text().replace("adopt: {reset_spend: true}", "deliver: file")
            path.write_text(re.sub(r"(?m)^ +key_alias: .*\n", "", text))
        shell = CommandLine(folder, _variables(sandbox, folder))
        probed = Probed(sandbox, UpstreamControl(sandbox.upstream_url or ""), admin, shell)
        ended = probed.apply()
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield probed


def _variables(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    names = ("CLOUD_FIRST_API_KEY", "CLAUDE_MAX_OAUTH_TOKEN", "CHATGPT_PRO_API_KEY")
    return {
        "ASPIRE_GITOPS_GATEWAY_URL": sandbox.base_url,
        "ASPIRE_GITOPS_ADMIN_KEY": sandbox.master_key,
        "ASPIRE_GITOPS_LEDGER_URL": sandbox.ledger_url or "",
        "ASPIRE_GITOPS_DELIVERY_ROOT": str(folder / "keys"),
        **{name: f"fake-{random.token_hex(12)}" for name in names},
    }


@pytest.fixture
def probed(shared: Probed) -> Iterator[Probed]:
    shared.upstream.reset()
    yield shared
    shared.upstream.reset()


def test_every_alias_works_and_a_month_of_probes_costs_less_than_their_budget(
    probed: Probed,
) -> None:
    probed.upstream.bill_as_asked()
    report = probed.probe(code=0)
    assert {one["verdict"] for one in report["findings"]} == {"works"}
    assert all(one["by_ledger"] and Decimal(one["aud"]) > 0 for one in report["findings"])
    assert len({one["alias"] for one in report["findings"]}) == 7
    assert Decimal(report["aud_per_month"]) < 5


def test_the_cost_is_in_the_books_under_the_app_of_the_controller(probed: Probed) -> None:
    text = probed.shell.run("probe", "qwen-chat", *_today()).stdout
    assert "booked under the app aspire-gitops" in text
    spent = probed.shell.run("spend", "--by", "app", "--format", "json").stdout
    rows = {row["name"]: row for row in json.loads(spent)["rows"]}
    assert rows["aspire-gitops"]["calls"] >= 3


def test_a_credential_that_one_model_refuses_breaks_that_alias_alone(probed: Probed) -> None:
    probed.upstream.fail(401, provider="cloud-first", model="qwen3-max")
    report = probed.probe("qwen-chat", "qwen-ocr", code=1)
    by_alias = {one["alias"]: one for one in report["findings"]}
    assert by_alias["qwen-ocr"]["verdict"] == "works"
    assert (by_alias["qwen-chat"]["verdict"], by_alias["qwen-chat"]["told"]) == (
        "credential refused",
        "cloud-first.ai refuses our credential for openai/qwen3-max (LiteLLM: AuthenticationError 401)",
    )


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (403, "credential refused"),
        (404, "model unknown"),
        (429, "refused for now"),
        (500, "vendor failed"),
        (400, "request refused"),
    ],
)
def test_each_way_to_be_broken_is_said_for_each_protocol(
    probed: Probed, status: int, verdict: str
) -> None:
    probed.upstream.fail(status)
    assert probed.verdicts("qwen-chat", "claude-haiku") == {
        "qwen-chat": {verdict},
        "claude-haiku": {verdict},
    }


def test_a_target_that_reports_no_usage_is_not_counted(probed: Probed) -> None:
    probed.upstream.report(Report.ABSENT, provider="cloud-first")
    assert probed.verdicts("qwen-chat") == {"qwen-chat": {"not counted"}}


def test_another_address_behind_the_alias_is_told_until_it_is_healed(probed: Probed) -> None:
    probed.patch("qwen-chat", api_base=f"{probed.sandbox.upstream_url}/elsewhere/v1")
    assert probed.verdicts("qwen-chat") == {"qwen-chat": {"wrong vendor answered"}}
    assert probed.apply().returncode == 0
    assert probed.verdicts("qwen-chat", code=0) == {"qwen-chat": {"works"}}


def test_a_foreign_deployment_under_the_aliass_name_is_told(probed: Probed) -> None:
    probed.admin.new_model("qwen-ocr", api_base=f"{probed.sandbox.upstream_url}/theirs/v1")
    try:
        seen: set[str] = set()
        for _ in range(6):
            ended = probed.shell.run("probe", "qwen-ocr", "--format", "json", *_today())
            findings = json.loads(ended.stdout)["findings"]
            seen |= {one["verdict"] for one in findings}
        assert seen - {"works"}, "at least one of eighteen calls went astray"
        assert seen <= {"works", "wrong vendor answered", "not live"}
    finally:
        for row in probed.admin.get("/v2/model/info?size=500")["data"]:
            if row["model_name"] == "qwen-ocr" and row["model_info"]["id"] != "gw.qwen-ocr.1":
                probed.admin.post("/model/delete", {"id": row["model_info"]["id"]})


def test_a_deleted_probe_key_says_so_of_itself_and_is_healed(probed: Probed) -> None:
    token = hashlib.sha256(probed.key.encode()).hexdigest()
    probed.admin.post("/key/delete", {"keys": [token]})
    assert probed.verdicts("qwen-chat") == {"qwen-chat": {"probe key refused"}}
    assert "key/aspire-gitops.probe" in probed.apply().stderr
    assert probed.verdicts("qwen-chat", code=0) == {"qwen-chat": {"works"}}


def test_a_probe_budget_that_is_spent_says_nothing_of_the_alias(probed: Probed) -> None:
    row = probed.admin.key_row(probed.key)
    token = hashlib.sha256(probed.key.encode()).hexdigest()
    metadata = {**row["metadata"], "monthly_aud": "0"}
    probed.admin.post("/key/update", {"key": token, "metadata": metadata})
    assert probed.verdicts("qwen-chat") == {"qwen-chat": {"probe budget spent"}}
    assert probed.apply().returncode == 0


def test_the_probe_key_calls_models_and_nothing_else(probed: Probed) -> None:
    headers = {"authorization": f"Bearer {probed.key}"}
    with httpx.Client(base_url=probed.sandbox.base_url, headers=headers, trust_env=False) as client:
        assert client.get("/key/list").status_code in {401, 403}
        assert client.post("/model/new", json={"model_name": "x"}).status_code in {401, 403}


def test_a_target_that_hangs_is_too_slow(probed: Probed) -> None:
    path = probed.shell.folder / "gateway.d" / "aliases" / "qwen-chat.yaml"
    before = path.read_text()
    path.write_text(before + "probe: {timeout_s: 1, variants: [plain]}\n")
    probed.upstream.delay(3, provider="cloud-first")
    try:
        assert probed.verdicts("qwen-chat") == {"qwen-chat": {"too slow"}}
    finally:
        path.write_text(before)


OTHER_MODES = {
    "aliases/embed.yaml": """\
kind: Alias
name: embed
mode: embedding
target: {provider: cloud-first, model: text-embedding-3-small}
price: {input_usd_per_million_tokens: "0.02", output_usd_per_million_tokens: "0"}
context_window_tokens: 8192
embedding_dimensions: 1536
""",
    "aliases/pages.yaml": """\
kind: Alias
name: pages
mode: ocr
target: {provider: mistral, model: mistral-ocr-latest}
price: {usd_per_page: "0.001"}
""",
    "aliases/picture.yaml": """\
kind: Alias
name: picture
mode: image_generation
target: {provider: cloud-first, model: dall-e-3}
price: {usd_per_image: "0.04"}
probe: {every_minutes: 1440}
""",
    "providers/mistral.yaml": """\
kind: Provider
name: mistral
vendor: Mistral AI
api: mistral
base_url: UPSTREAM/mistral/v1
credential: {env: MISTRAL_API_KEY}
billing: metered
private_network: {reason: a stand-in of a test}
""",
}


def test_embeddings_pages_and_images_are_probed_too(probed: Probed) -> None:
    files = probed.shell.folder / "gateway.d"
    probed.shell.variables["MISTRAL_API_KEY"] = f"fake-{random.token_hex(12)}"
    for name, text in OTHER_MODES.items():
        (files / name).write_text(text.replace("UPSTREAM", probed.sandbox.upstream_url or ""))
    try:
        assert probed.apply().returncode == 0
        assert probed.verdicts("embed", "pages", "picture", code=0) == {
            name: {"works"} for name in ("embed", "pages", "picture")
        }
    finally:
        for name in OTHER_MODES:
            (files / name).unlink()
        assert probed.apply().returncode == 0
