"""No reviewed file reaches a secret, a host or a path that is not its own: one planted fault each."""

import pytest

from aspire_gitops.validation.forbidden_words import (
    FORBIDDEN_EVERYWHERE,
    ONLY_PARAMETERS,
    REDIRECTS,
)
from aspire_gitops.validation.parameters import (
    NESTED_NAMES,
    PARAMETER_NAMES,
    may_be_let_through,
    may_be_set,
)
from support.reviewed import BASE, codes, files_below, found_in

ALIAS = "gateway.d/aliases/qwen-vision.yaml"
APP = "gateway.d/apps/knowledge-os.yaml"
GATEWAY = "gateway.d/gateway.yaml"
PROVIDER = "gateway.d/providers/cloud-first.yaml"
DELIVERY = "gateway.d/deliveries/worker.yaml"
FILES = files_below(BASE)


def edited(path: str, old: str, new: str) -> list[str]:
    assert old in FILES[path]
    return codes(found_in({path: FILES[path].replace(old, new)}))


def with_parameters(text: str) -> list[str]:
    return codes(found_in({ALIAS: f"{FILES[ALIAS]}parameters: {text}\n"}))


def with_credential(text: str) -> list[str]:
    return edited(PROVIDER, "{env: CLOUD_FIRST_API_KEY}", text)


def delivered(fields: str, *, deliver: bool = False, path: str = DELIVERY) -> list[str]:
    app = FILES[APP].partition("keys:")[0] + "keys:\n  - name: worker-ocr\n"
    own = "    deliver: file\n" if deliver else ""
    text = f"kind: Delivery\nname: worker\n{fields}"
    return codes(found_in({APP: app + own, path: text}))


def delivered_to(file: str) -> list[str]:
    return delivered(f"app: knowledge-os\nkey: worker-ocr\nfile: {file}\n")


# ── texts that stand for a secret ────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "os.environ/LITELLM_MASTER_KEY",
        "OS.ENVIRON/X",
        "' os.environ/X'",
        '"os\\u002eenviron/X"',
        '"o\\\n  s.environ/X"',
        "prefix os.environ/X",
        "\"os.environ['X']\"",
        "oidc/env/LITELLM_MASTER_KEY",
        "oidc/file/var/run/token",
        "aws_kms/X",
        "azure_ad/X",
        "vault/X",
        "env/X",
        "env://X",
        "file:///proc/self/environ",
    ],
)
def test_a_text_that_the_gateway_replaces_by_a_secret_is_refused(text: str) -> None:
    assert with_parameters(f"{{stop: {text}}}") == ["AG330"]
    assert with_parameters(f"{{stop: [{text}]}}") == ["AG330"]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param(ALIAS, "model: qwen3-vl", "model: oidc/env/X-", id="a model's name"),
        pytest.param(ALIAS, "kind:", "description: os.environ/X\nkind:", id="a description"),
        pytest.param(PROVIDER, "vendor: cloud-first.ai", "vendor: os.environ/X", id="a vendor"),
        pytest.param(PROVIDER, "https://api", "os.environ/https://api", id="an address"),
        pytest.param(APP, "owner: platform", "owner: os.environ/platform", id="an owner"),
        pytest.param(GATEWAY, "timezone: Australia", "timezone: os.environ", id="a timezone"),
    ],
)
def test_it_is_refused_wherever_it_stands(path: str, old: str, new: str) -> None:
    assert "AG330" in edited(path, old, new)


def test_it_is_refused_as_a_name_too() -> None:
    assert "AG330" in with_parameters("{logit_bias: {os.environ/X: 1}}")


@pytest.mark.parametrize(
    "line",
    [
        "# os.environ/X is what nobody may write",
        "description: We never write os, environ or secrets/x here.",
        "description: The environment is in the docs.",
    ],
)
def test_words_about_it_are_no_indirection(line: str) -> None:
    assert codes(found_in({ALIAS: f"{FILES[ALIAS]}{line}\n"})) == []


# ── parameters ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "{temperature: 0.2, top_k: 20, min_p: 0.1, repetition_penalty: 1.05}",
        "{enable_thinking: true, thinking_budget: 4096}",
        "{thinking: {type: enabled, budget_tokens: 1024}}",
        "{chat_template_kwargs: {enable_thinking: false}}",
        "{response_format: {type: json_object}}",
        '{logit_bias: {"50256": -100}}',
        "{stop: [a, b], stop_token_ids: [1, 2]}",
        "{drop_params: true, allowed_openai_params: [reasoning_effort, tools]}",
    ],
)
def test_listed_parameters_are_taken(text: str) -> None:
    assert with_parameters(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{zz_unknown: 1}", ["AG331"], id="a name that nobody knows"),
        pytest.param("{stream: true}", ["AG331"], id="what the app decides"),
        pytest.param("{web_search_options: {}}", ["AG331", "AG323"], id="a hosted tool"),
        pytest.param("{tools: [web_search]}", ["AG331"], id="tools"),
        pytest.param("{service_tier: priority}", ["AG331"], id="a dearer tier"),
        pytest.param("{dimensions: 8}", ["AG331"], id="a name of another mode"),
        pytest.param("{best_of: 20}", ["AG331"], id="what multiplies the cost unseen"),
        pytest.param("{temperature: [1]}", ["AG331"], id="a list for one value"),
        pytest.param("{temperature: {a: 1}}", ["AG331"], id="a mapping for one value"),
        pytest.param("{drop_params: 1}", ["AG331"], id="a number for yes"),
        pytest.param("{stop: [1]}", ["AG331"], id="a list of something else"),
        pytest.param("{thinking: {model: x}}", ["AG303"], id="another model, one deeper"),
        pytest.param("{thinking: {fallbacks: x}}", ["AG301"], id="a fallback, one deeper"),
        pytest.param("{thinking: {timeout: 1}}", ["AG322"], id="a limit, one deeper"),
        pytest.param("{thinking: {zz: 1}}", ["AG331"], id="an unknown name, one deeper"),
        pytest.param("{logit_bias: {a: 1}}", ["AG331"], id="a token that is not a number"),
        pytest.param("{allowed_openai_params: tools}", ["AG331"], id="a text for a list"),
        pytest.param("{allowed_openai_params: [api_base]}", ["AG331"], id="letting an address through"),
        pytest.param("{allowed_openai_params: [fallbacks]}", ["AG331"], id="letting fallbacks through"),
        pytest.param("{input_cost_per_token_above_200k_tokens: 1}", ["AG322"], id="a tier's price"),
        pytest.param("{thinking: {a: [b]}}", ["AG106"], id="deeper than anything needs"),
        pytest.param(f"{{stop: [{', '.join('abcdefghijklmnopqrstuvwxyz' * 3)}]}}", ["AG109"], id="more than anything needs"),
    ],
)  # fmt: skip
def test_every_other_parameter_is_refused_for_its_reason(text: str, expected: list[str]) -> None:
    assert sorted(with_parameters(text)) == sorted(expected)


@pytest.mark.parametrize("mode", PARAMETER_NAMES)
def test_no_list_has_a_name_that_leads_elsewhere(mode: str) -> None:
    closed = FORBIDDEN_EVERYWHERE.keys() | REDIRECTS.keys() | ONLY_PARAMETERS.keys()
    inside = {name for names in NESTED_NAMES.values() for name in names}
    assert closed & (may_be_set(mode) | may_be_let_through(mode) | inside) == set()


def test_what_is_known_inside_belongs_to_a_parameter() -> None:
    assert set(NESTED_NAMES) <= PARAMETER_NAMES["chat"]


# ── credentials ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "ASPIRE_GITOPS_ADMIN_KEY",
        "ASPIRE_GITOPS_GIT_TOKEN",
        "ASPIRE_LEDGER_URL",
        "LITELLM_MASTER_KEY",
        "LITELLM_SALT_KEY",
        "DATABASE_URL",
        "DIRECT_URL",
        "MASTER_KEY",
        "PATH",
        "HOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "LD_PRELOAD",
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "PGPASSWORD",
        "POSTGRES_PASSWORD",
        "SSH_AUTH_SOCK",
        "UI_PASSWORD",
        "HTTPS_PROXY",
        "SHOP_DATABASE_URL",
        "KEY_FILE",
    ],
)
def test_a_variable_of_no_provider_is_not_a_credential(name: str) -> None:
    assert with_credential(f"{{env: {name}}}") == ["AG332"]


@pytest.mark.parametrize(
    "name", ["CLOUD_FIRST_API_KEY", "LDAP_KEY", "CIRCLE_KEY", "PGOOD_KEY", "GITTER_KEY", "PATHWAYS_KEY"]
)  # fmt: skip
def test_a_providers_own_variable_is_one(name: str) -> None:
    assert with_credential(f"{{env: {name}}}") == []


@pytest.mark.parametrize(
    "path",
    [
        "/proc/self/environ",
        "/proc/1/environ",
        "/sys/firmware/x",
        "/dev/stdin",
        "//proc/self/environ",
        "/./proc/self/environ",
        "/run/../proc/self/environ",
        "/run/secrets/",
        "/run//secrets/x",
        "/var/lib/aspire-gitops/keys/shop/main",
        "/home/deploy/.ssh/id",
    ],
)
def test_a_file_of_no_provider_is_not_a_credential(path: str) -> None:
    assert with_credential(f"{{file: {path}}}") == ["AG332"]


@pytest.mark.parametrize("path", ["/run/secrets/cloud-first", "/etc/aspire/cloud-first"])
def test_a_providers_own_file_is_one(path: str) -> None:
    assert with_credential(f"{{file: {path}}}") == []


# ── addresses ────────────────────────────────────────────────────────────────

METADATA = [
    "169.254.169.254",
    "169.254.0.1",
    "169.254.169.254.",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "169.254.169.0376",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[::169.254.169.254]",
    "[fe80::1]",
    "[febf::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "metadata",
    "metadata.google.internal",
    "METADATA.google.internal",
    "metadata.google.internal.",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "169.254.169.254.nip.io",
    "a9fea9fe.sslip.io",
    "224.0.0.1",
    "999.1.1.1",
    "1.2.3.4.5",
    "08.1.1.1",
    "a..b",
    "-a.example",
    "[::ffff:169.254.169.254",
]
PRIVATE = [
    "0x",
    "127.0.0.1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "0",
    "10.0.0.7",
    "10.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "[::1]",
    "[::]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[::ffff:10.0.0.7]",
    "[::ffff:7f00:1]",
    "[64:ff9b::a00:7]",
    "[2002:a00:7::]",
    "models",
    "models.",
    "models.internal",
    "models.internal.",
    "gpu.local",
    "a.localhost",
    "nas.lan",
    "nas.home.arpa",
    "llm.svc.cluster.local",
]
PUBLIC = ["api.example.com", "API.example.com.", "8.8.8.8", "[2606:4700::1111]", "internal.example.com"]  # fmt: skip


@pytest.mark.parametrize("host", METADATA)
def test_a_metadata_service_is_never_a_provider(host: str) -> None:
    agreed = "\nprivate_network: {reason: It is right here.}"
    assert "AG333" in edited(PROVIDER, "https://api.cloud-first.ai/v1", f"https://{host}/v1")
    assert "AG333" in edited(PROVIDER, "https://api.cloud-first.ai/v1", f"http://{host}/v1{agreed}")


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_host_needs_a_reason(host: str) -> None:
    url = f"https://{host}:8443/v1"
    assert edited(PROVIDER, "https://api.cloud-first.ai/v1", url) == ["AG334"]
    agreed = f"{url}\nprivate_network: {{reason: It is right here.}}"
    assert edited(PROVIDER, "https://api.cloud-first.ai/v1", agreed) == []


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_host_needs_none_and_takes_none(host: str) -> None:
    url = f"https://{host}/v1"
    assert edited(PROVIDER, "https://api.cloud-first.ai/v1", url) == []
    agreed = f"{url}\nprivate_network: {{reason: It is right here.}}"
    assert edited(PROVIDER, "https://api.cloud-first.ai/v1", agreed) == ["AG334"]


@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.google.internal", "2852039166"])
def test_the_gateway_is_at_no_metadata_service(host: str) -> None:
    assert edited(GATEWAY, "llm.aspiredigital.group", host) == ["AG333"]


@pytest.mark.parametrize("host", ["10.0.0.7", "litellm", "[::1]:4000"])
def test_the_gateway_may_be_private(host: str) -> None:
    assert edited(GATEWAY, "llm.aspiredigital.group", host) == []


# ── deliveries ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["/srv/kos/key", "/run/kos/key", "/data/kos/a/b", "/opt/kos/key", "/var/lib/kos/key"]
)
def test_a_delivery_goes_to_a_folder_of_the_app(path: str) -> None:
    assert delivered_to(path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/x",
        "/proc/self/mem",
        "/sys/x/y",
        "/dev/shm/x",
        "/usr/bin/x",
        "/bin/x",
        "/boot/x/y",
        "/root/x",
        "/root/.ssh/authorized_keys",
        "/home/deploy/x",
        "/tmp/kos/key",
        "/srv/key",
        "/srv/kos/.ssh/authorized_keys",
        "/srv/.hidden/key",
        "/srv//kos/key",
        "/srv/./kos/key",
        "/srv/kos/../../etc/cron.d/x",
        "/srv/kos/key/",
        "/run/secrets/admin-key",
        "/run/systemd/system/x",
        "/var/lib/docker/x",
        "/var/lib/aspire-gitops/state/journal.db",
        "/var/lib/aspire-gitops/keys2/x",
    ],
)
def test_a_delivery_goes_nowhere_else(path: str) -> None:
    assert delivered_to(path) == ["AG336"]


@pytest.mark.parametrize(
    ("fields", "deliver", "path", "expected"),
    [
        pytest.param("app: kos\nkey: worker-ocr\nfile: /srv/kos/key\n", True, DELIVERY, ["AG217"], id="an app that nobody declares"),
        pytest.param("app: knowledge-os\nkey: worker\nfile: /srv/kos/key\n", True, DELIVERY, ["AG218"], id="a key that the app has not"),
        pytest.param("app: knowledge-os\nkey: worker-ocr\nfile: /srv/kos/key\n", True, DELIVERY, ["AG219"], id="a key that the app delivers itself"),
        pytest.param("app: knowledge-os\nkey: worker-ocr\n", False, DELIVERY, ["AG338"], id="no place at all"),
        pytest.param("app: knowledge-os\nkey: worker-ocr\nfile: /srv/kos/key\n", False, "gateway.d/apps/worker.yaml", ["AG337"], id="among the apps"),
        pytest.param("app: knowledge-os\nkey: worker-ocr\nfile: /srv/kos/key\n", False, "gateway.d/apps/deliveries/worker.yaml", ["AG337"], id="in a folder of that name among the apps"),
        pytest.param("app: knowledge-os\nkey: worker-ocr\nfile: /srv/kos/key\n", False, "gateway.d/deliveries/kos/worker.yaml", [], id="in a folder below"),
    ],
)  # fmt: skip
def test_a_delivery_is_for_one_key_and_in_its_folder(
    fields: str, *, deliver: bool, path: str, expected: list[str]
) -> None:
    assert delivered(fields, deliver=deliver, path=path) == expected


def test_two_deliveries_of_one_key_are_one_too_many() -> None:
    app = FILES[APP].partition("keys:")[0] + "keys:\n  - name: worker-ocr\n"
    two = {
        f"gateway.d/deliveries/{name}.yaml": f"kind: Delivery\nname: {name}\napp: knowledge-os\n"
        f"key: worker-ocr\nfile: /srv/kos/{name}\n"
        for name in ("one", "two")
    }
    assert codes(found_in({APP: app, **two})) == ["AG219"]


def test_an_adopted_key_is_delivered_nowhere() -> None:
    app = FILES[APP].partition("keys:")[0] + "keys:\n  - {name: worker-ocr, adopt: true}\n"
    text = "kind: Delivery\nname: w\napp: knowledge-os\nkey: worker-ocr\nfile: /srv/kos/key\n"
    assert codes(found_in({APP: app, "gateway.d/deliveries/w.yaml": text})) == ["AG312"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/x",
        "/srv/kos/key",
        "/var/lib/aspire-gitops/keys/knowledge-os/other",
        "/var/lib/aspire-gitops/keys/other/worker-ocr",
        "/var/lib/aspire-gitops/keys//knowledge-os/worker-ocr",
        "/var/lib/aspire-gitops/keys/./knowledge-os/worker-ocr",
        "/var/lib/aspire-gitops/keys/x/../knowledge-os/worker-ocr",
    ],
)
def test_an_app_names_no_path_but_the_usual_one(path: str) -> None:
    usual = "/var/lib/aspire-gitops/keys/knowledge-os/worker-ocr"
    assert edited(APP, usual, path) == ["AG335"]


def test_the_move_to_a_delivery_is_printed() -> None:
    usual = "/var/lib/aspire-gitops/keys/knowledge-os/worker-ocr"
    [found] = found_in({APP: FILES[APP].replace(usual, "/srv/kos/key")})
    assert found.help == (
        "write `deliver: file`; or, if the platform agrees, remove it and add "
        "deliveries/knowledge-os-worker-ocr.yaml with `kind: Delivery`, "
        "`name: knowledge-os-worker-ocr`, `app: knowledge-os`, `key: worker-ocr`, "
        "`file: /srv/kos/key`"
    )


@pytest.mark.parametrize(
    "path", ["/srv/kos/key", "/srv//kos/key", "/srv/kos/./key", "/srv/x/../kos/key"]
)
def test_one_file_for_two_keys_is_seen_under_every_spelling(path: str) -> None:
    app = FILES[APP].partition("keys:")[0] + "keys:\n  - name: a\n  - name: b\n"
    two = {
        f"gateway.d/deliveries/{key}.yaml": f"kind: Delivery\nname: {key}\napp: knowledge-os\n"
        f"key: {key}\nfile: {file}\n"
        for key, file in (("a", "/srv/kos/key"), ("b", path))
    }
    assert "AG211" in codes(found_in({APP: app, **two}))


@pytest.mark.parametrize("folder", ["apps", "budgets", "deliveries"])
@pytest.mark.parametrize("path", [PROVIDER, ALIAS])
def test_a_file_that_one_app_answers_for_turns_into_nothing_else(folder: str, path: str) -> None:
    """CODEOWNERS works by file, so its owner alone could approve a provider."""
    moved = f"gateway.d/{folder}/{path.rpartition('/')[2]}"
    found = found_in({path: None, moved: FILES[path]})
    assert codes(found) == ["AG337"]
    assert found[0].help == f'move the file to "{path}"'


def test_folders_of_other_names_are_for_people_only() -> None:
    assert codes(found_in({PROVIDER: None, "gateway.d/x/cloud-first.yaml": FILES[PROVIDER]})) == []


# ── the name of the controller's own calls ───────────────────────────────────


@pytest.mark.parametrize("path", ["apps/knowledge-os.yaml", "budgets/knowledge-os.yaml"])
def test_no_app_and_no_budget_takes_the_name_of_the_controllers_own_calls(path: str) -> None:
    text = FILES[f"gateway.d/{path}"].replace("name: knowledge-os", "name: aspire-gitops")
    moved = path.replace("knowledge-os", "aspire-gitops")
    assert "AG220" in codes(found_in({f"gateway.d/{moved}": text}))


def test_no_key_takes_the_alias_of_the_controllers_own_key() -> None:
    assert "AG220" in edited(
        APP, "keys:\n  - name:", "keys:\n  - key_alias: aspire-gitops.probe\n    name:"
    )


def test_no_alias_is_probed_with_a_call_that_it_does_not_claim() -> None:
    probe = "probe: {variants: [plain, tools, image]}\n"
    assert codes(found_in({ALIAS: FILES[ALIAS] + probe})).count("AG221") == 2
