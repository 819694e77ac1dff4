"""Every way in which a file reaches for a secret, by the commands: nothing is written, nothing shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from support.command_line import CommandLine
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.small_source import TODAY, write_files

pytestmark = pytest.mark.slow  # waits for other programs

PLANTED: Final = {
    "ACME_API_KEY": "acme-planted-0123456789",
    "LITELLM_MASTER_KEY": "master-planted-0123456789",
    "DATABASE_URL": "postgresql://planted-0123456789@db.example/x",
    "ASPIRE_GITOPS_WEBHOOK_SECRET": "webhook-planted-0123456789",
}
SECRETS: Final = (*PLANTED.values(), ADMIN_KEY)


@dataclass(frozen=True)
class Fault:
    """What is written instead of what, in which file, and the rule that refuses it."""

    path: str
    old: str
    new: str
    rule: str


def parameters(text: str, rule: str) -> Fault:
    return Fault("aliases/chat.yaml", "mode: chat", f"mode: chat\nparameters: {text}", rule)


def credential(text: str) -> Fault:
    return Fault("providers/acme.yaml", "{env: ACME_API_KEY}", text, "AG332")


def address(host: str, rule: str) -> Fault:
    return Fault("providers/acme.yaml", "api.acme.example", host, rule)


FAULTS: Final = {
    "a parameter": parameters("{stop: os.environ/LITELLM_MASTER_KEY}", "AG330"),
    "a parameter that redirects": parameters("{api_key: x}", "AG303"),
    "a parameter on no list": parameters("{nobody_knows: x}", "AG331"),
    "a model": Fault("aliases/chat.yaml", "model: chat-1", "model: oidc/env/DATABASE_URL", "AG330"),
    "the admin key": credential("{env: ASPIRE_GITOPS_ADMIN_KEY}"),
    "the master key": credential("{env: LITELLM_MASTER_KEY}"),
    "the database": credential("{env: DATABASE_URL}"),
    "the webhook's secret": credential("{env: ASPIRE_GITOPS_WEBHOOK_SECRET}"),
    "the environment": credential("{file: /proc/self/environ}"),
    "the metadata service": address("169.254.169.254", "AG333"),
    "a private host": address("10.0.0.7", "AG334"),
    "a path of the system": Fault(
        "apps/shop.yaml", "deliver: file", "deliver: {file: /etc/cron.d/x}", "AG335"
    ),
}


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def shell(tmp_path: Path, fake: FakeGateway) -> Iterator[CommandLine]:
    write_files(tmp_path)
    with serving(fake) as url:
        yield CommandLine(
            tmp_path,
            {
                "ASPIRE_GITOPS_GATEWAY_URL": url,
                "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
                "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
                **PLANTED,
            },
        )


def left_behind(shell: CommandLine) -> bytes:
    return b"".join(path.read_bytes() for path in shell.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("command", [("compile", "-o", "out"), ("apply", "--yes")], ids=" ".join)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_file_that_reaches_for_a_secret_moves_nothing(
    shell: CommandLine, fake: FakeGateway, command: tuple[str, ...], fault: Fault
) -> None:
    file = shell.folder / "gateway.d" / fault.path
    text = file.read_text()
    assert fault.old in text
    file.write_text(text.replace(fault.old, fault.new))
    result = shell.run(*command, "--today", TODAY)
    assert (result.returncode, fake.writes) == (1, [])
    assert fault.rule in result.stdout + result.stderr
    seen = f"{result.stdout}{result.stderr}".encode() + left_behind(shell)
    assert [secret for secret in SECRETS if secret.encode() in seen] == []


@pytest.mark.parametrize(
    "value",
    [
        '"acme-planted-0123456789"',
        "acme-planted 0123456789",
        "Bearer acme-planted-0123456789",
        "$ACME_PLANTED_0123456789",
        "changeme",
        ADMIN_KEY,
    ],
)
def test_a_secret_that_cannot_be_one_is_named_and_not_shown(
    shell: CommandLine, fake: FakeGateway, value: str
) -> None:
    shell.variables["ACME_API_KEY"] = value
    result = shell.run("apply", "--yes", "--today", TODAY)
    assert (result.returncode == 0, fake.writes) == (False, []), result.stdout
    assert "ACME_API_KEY" in result.stderr
    seen = f"{result.stdout}{result.stderr}".encode() + left_behind(shell)
    assert value == "changeme" or value.encode() not in seen


def test_what_is_right_sends_the_providers_secret_to_the_gateway_alone(
    shell: CommandLine, fake: FakeGateway
) -> None:
    """The witness of the others: without a fault the same commands do write."""
    result = shell.run("apply", "--yes", "--today", TODAY)
    assert (result.returncode, len(fake.writes) > 0) == (0, True), result.stderr
    assert any(PLANTED["ACME_API_KEY"] in str(request.body) for request in fake.writes)
    seen = f"{result.stdout}{result.stderr}".encode() + left_behind(shell)
    assert [secret for secret in SECRETS if secret.encode() in seen] == []
