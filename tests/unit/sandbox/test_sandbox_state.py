import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aspire_gitops.sandbox import Sandbox, SandboxError, SandboxNotFound, SandboxOptions, stop
from aspire_gitops.sandbox.cache import State, StateFolder
from aspire_gitops.sandbox.processes import Process

SANDBOX = Sandbox(
    base_url="http://127.0.0.1:1",
    master_key="sk-master",
    salt_key="sk-salt",
    database_url="postgresql://litellm@127.0.0.1:2/litellm",
    proxy_pid=3,
    upstream_url=None,
    state_dir=Path("/state"),
    log=Path("/state/proxy.log"),
    python=Path("/venv/bin/python"),
    options=SandboxOptions(env={"OPENAI_API_KEY": "sk-provider"}),
)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    state = State(temporary=True, ports={"proxy": 1}, processes={"proxy": Process(2, 3)})
    folder.write(state)
    assert folder.read() == state
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600
    folder.forget()
    assert folder.read() is None


def test_a_damaged_state_is_reported_without_the_keys_in_it(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"temporary": 7, "master_key": "sk-master"')
    with pytest.raises(SandboxError, match="is damaged") as caught:
        StateFolder(tmp_path).read()
    assert "sk-master" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_only_one_holds_the_folder(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with StateFolder(tmp_path).locked():
            order.append("second")

    with StateFolder(tmp_path).locked():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_stopping_where_nothing_was_started_says_so(tmp_path: Path) -> None:
    with pytest.raises(SandboxNotFound, match="no sandbox was started"):
        stop(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_no_repr_shows_a_key() -> None:
    state = State(temporary=True, master_key="sk-master", salt_key="sk-salt")
    assert "sk-" not in repr(SANDBOX) + repr(SANDBOX.options) + repr(state)


def test_the_variables_of_a_sandbox() -> None:
    expected = {
        "ASPIRE_GITOPS_ADMIN_KEY": "sk-master",
        "ASPIRE_GITOPS_GATEWAY_URL": "http://127.0.0.1:1",
        "ASPIRE_GITOPS_SANDBOX_STATE": "/state",
        "LITELLM_BASE_URL": "http://127.0.0.1:1",
        "LITELLM_DATABASE_URL": "postgresql://litellm@127.0.0.1:2/litellm",
        "LITELLM_MASTER_KEY": "sk-master",
        "LITELLM_PID": "3",
        "LITELLM_SALT_KEY": "sk-salt",
    }
    assert SANDBOX.variables() == expected
    with_upstream = replace(SANDBOX, upstream_url="http://127.0.0.1:4")
    assert with_upstream.variables() == {**expected, "UPSTREAM_BASE_URL": "http://127.0.0.1:4"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(SandboxOptions(env={"A": "2"}), id="a variable has another value"),
        pytest.param(SandboxOptions(env={"A": "1"}, upstream=True), id="with an upstream"),
        pytest.param(SandboxOptions(env={"A": "1"}, extra_proxies=1), id="with another proxy"),
    ],
)
def test_other_options_have_another_fingerprint(other: SandboxOptions) -> None:
    assert SandboxOptions(env={"A": "1"}).fingerprint() != other.fingerprint()


def test_an_edited_config_has_another_fingerprint(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("a: 1")
    options = SandboxOptions(config=config)
    before = options.fingerprint()
    assert options.fingerprint() == before
    config.write_text("a: 2")
    assert options.fingerprint() != before


def test_a_config_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"missing\.yaml cannot be read"):
        SandboxOptions(config=tmp_path / "missing.yaml").fingerprint()


def test_a_number_of_proxies_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        SandboxOptions(extra_proxies=-1)
