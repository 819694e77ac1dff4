"""Settings come from variables and flags; the admin key from a variable or a file, and nowhere else."""

from pathlib import Path

import click
import pytest

from aspire_gitops.cli import program
from aspire_gitops.settings import (
    ControllerSettings,
    LogFormat,
    default_state_dir,
    own_files,
    read_admin_key,
    read_settings,
    settings_warnings,
)
from aspire_gitops.vocabulary import SecretMissing, UsageError

KEY = "sk-admin-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ControllerSettings.model_fields:
        monkeypatch.delenv(f"ASPIRE_GITOPS_{name.upper()}", raising=False)


def key_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "admin-key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_defaults() -> None:
    settings = read_settings()
    assert (settings.owner, settings.log_format) == ("aspire-gitops", LogFormat.CONSOLE)
    assert settings.state_dir == default_state_dir()
    assert settings.gateway_url is None


def test_a_flag_wins_over_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_OWNER", "from-variable")
    assert read_settings(owner=None).owner == "from-variable"
    assert read_settings(owner="from-flag").owner == "from-flag"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_OWNER", "")
    assert read_settings().owner == "aspire-gitops"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("GATEWAY_URL", "ftp://x", id="no web address"),
        pytest.param("GATEWAY_URL", "https://user:pass@x/", id="an address with a password"),
        pytest.param("GATEWAY_URL", "https://x/?token=1", id="an address with a query"),
        pytest.param("OWNER", "Two Words", id="an owner of two words"),
        pytest.param("LOG_FORMAT", "xml", id="an unknown log format"),
    ],
)
def test_a_wrong_value_names_its_variable_and_not_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"ASPIRE_GITOPS_{variable}", value)
    with pytest.raises(UsageError, match=f"ASPIRE_GITOPS_{variable}") as caught:
        read_settings()
    assert value not in str(caught.value)


def test_the_key_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_ADMIN_KEY", KEY)
    settings = read_settings()
    assert read_admin_key(settings).get_secret_value() == KEY
    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_key_from_a_file_loses_its_final_newline(tmp_path: Path) -> None:
    settings = read_settings(admin_key_file=key_file(tmp_path, f"{KEY}\n".encode()))
    assert read_admin_key(settings).get_secret_value() == KEY


def test_both_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_ADMIN_KEY", KEY)
    settings = read_settings(admin_key_file=key_file(tmp_path, KEY.encode()))
    with pytest.raises(UsageError, match="both set"):
        read_admin_key(settings)


def test_neither_says_how() -> None:
    with pytest.raises(UsageError, match="ASPIRE_GITOPS_ADMIN_KEY_FILE"):
        read_admin_key(read_settings())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"  \n", id="blanks"),
        pytest.param(b"sk-secret-1\nsk-secret-2\n", id="two keys"),
        pytest.param(b"sk-secret-1\x00", id="a control character"),
        pytest.param(b"sk-secret-\xff", id="no text"),
    ],
)
def test_a_file_without_one_key_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    settings = read_settings(admin_key_file=key_file(tmp_path, content))
    with pytest.raises(SecretMissing, match="admin-key") as caught:
        read_admin_key(settings)
    assert "sk-secret" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    settings = read_settings(admin_key_file=tmp_path / "nowhere")
    with pytest.raises(SecretMissing, match="nowhere: No such file"):
        read_admin_key(settings)


@pytest.mark.parametrize(
    ("mode", "warned"),
    [
        pytest.param(0o600, 0, id="only the owner may read it"),
        pytest.param(0o640, 1, id="the group may read it"),
        pytest.param(0o604, 1, id="everybody may read it"),
    ],
)
def test_a_file_that_others_may_read_is_warned_about(
    tmp_path: Path, mode: int, warned: int
) -> None:
    settings = read_settings(admin_key_file=key_file(tmp_path, KEY.encode(), mode))
    assert len(list(settings_warnings(settings))) == warned


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        pytest.param("/var/state", "/var/state/aspire-gitops", id="absolute"),
        pytest.param("state", "HOME/.local/state/aspire-gitops", id="relative is ignored"),
        pytest.param("", "HOME/.local/state/aspire-gitops", id="empty"),
    ],
)
@pytest.mark.skipif("sys.platform != 'linux'", reason="the XDG folders are Linux's")
def test_the_state_folder(monkeypatch: pytest.MonkeyPatch, variable: str, folder: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", variable)
    assert str(default_state_dir()) == folder.replace("HOME", str(Path.home()))


def test_the_flag_offers_what_the_setting_takes() -> None:
    option = next(parameter for parameter in program.params if parameter.name == "log_format")
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == [member.value for member in LogFormat]


def test_the_page_names_every_variable() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    missing = [
        n for n in ControllerSettings.model_fields if f"`ASPIRE_GITOPS_{n.upper()}`" not in page
    ]
    assert missing == []


@pytest.mark.parametrize("root", ["keys", "/srv/../etc", "/proc/self", "/", "/dev"])
def test_a_delivery_root_is_one_plain_path(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_DELIVERY_ROOT", root)
    with pytest.raises(UsageError, match=r"ASPIRE_GITOPS_DELIVERY_ROOT: .*absolute path"):
        read_settings()


def test_every_file_that_a_variable_of_ours_names_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the controller too, where `apply` runs beside it."""
    monkeypatch.setenv("ASPIRE_GITOPS_GIT_SSH_KEY_FILE", str(tmp_path / "ssh"))
    monkeypatch.setenv("ASPIRE_LEDGER_URL_FILE", str(tmp_path / "ledger"))
    own = own_files(read_settings(admin_key_file=tmp_path / "admin", state_dir=tmp_path / "state"))
    refused = [
        name for name in ("ssh", "ledger", "admin") if own.why_not_read(str(tmp_path / name))
    ]
    assert refused == ["ssh", "ledger", "admin"]
    assert own.why_not_read(str(tmp_path / "state" / "journal"))
    assert own.why_not_read("/var/lib/aspire-gitops/keys/shop/main")
    assert own.why_not_read(str(tmp_path / "cloud-first")) is None
