"""A sandbox starts, restarts, dies and goes, and what it held is kept or gone as promised."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aspire_gitops.sandbox import (
    Sandbox,
    SandboxBusy,
    SandboxNotFound,
    SandboxOptions,
    SandboxStartFailed,
    UpstreamControl,
    kill_proxy,
    restart,
    start,
    stop,
)
from aspire_gitops.sandbox.cache import StateFolder
from support.sandbox_admin import admin_of
from support.sandboxes import fresh_sandbox

pytestmark = [pytest.mark.real, pytest.mark.slow]

CONFIG = """
model_list:
  - model_name: from-config
    litellm_params: {model: openai/gpt-4o, api_key: none, mock_response: MARKER}
"""


def where(sandbox: Sandbox) -> tuple[str, str, str, str, str | None]:
    """What must not change over a restart."""
    keys = (sandbox.master_key, sandbox.salt_key)
    return (sandbox.base_url, *keys, sandbox.database_url, sandbox.upstream_url)


def test_the_data_outlives_a_restart_and_a_crash_and_another_config(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("MARKER", "changed"))
    with fresh_sandbox(SandboxOptions(upstream=True)) as before:
        with admin_of(before) as admin:
            admin.new_model("kept")
            key = admin.new_key(key_alias="kept", models=["kept", "from-config"], max_budget=5)
        kill_proxy(before)
        with pytest.raises(ProcessLookupError):
            os.kill(before.proxy_pid, 0)
        after = restart(before, config=config)
        assert where(after) == where(before)
        assert after.proxy_pid != before.proxy_pid
        with admin_of(after) as admin:
            assert admin.said("kept", key=key) == "hello"
            assert admin.said("from-config", key=key) == "changed"
            assert admin.key_row(key)["max_budget"] == 5
        assert after.upstream_url is not None
        assert UpstreamControl(after.upstream_url).calls() == ()


def test_a_stop_that_keeps_the_data_is_undone_by_a_start(tmp_path: Path) -> None:
    state_dir, options = tmp_path / "state", SandboxOptions()
    with fresh_sandbox(options, state_dir=state_dir) as first:
        with admin_of(first) as admin:
            admin.new_key(key_alias="kept")
        assert start(state_dir, options).proxy_pid == first.proxy_pid
        with pytest.raises(SandboxBusy, match="another config"):
            start(state_dir, SandboxOptions(env={"A": "1"}))
        stop(state_dir, keep=True)
        with pytest.raises(SandboxNotFound):
            restart(first)
        second = start(state_dir, options)
        assert where(second) == where(first)
        with admin_of(second) as admin:
            assert len(admin.get("/key/list?key_alias=kept")["keys"]) == 1
        stop(state_dir)
        assert sorted(path.name for path in state_dir.iterdir()) == [
            "config.yaml",
            "lock",
            "postgres.log",
            "proxy.log",
        ]


def test_two_proxies_share_one_database() -> None:
    with fresh_sandbox(SandboxOptions(extra_proxies=1)) as sandbox:
        [other] = sandbox.extra_base_urls
        with admin_of(sandbox) as admin:
            key = admin.new_key(key_alias="shared")
            assert admin.send("GET", f"{other}/key/info?key={key}").status_code == 200


def test_the_proxy_inherits_nothing_but_the_path(real_gateway: Sandbox) -> None:
    environment = Path(f"/proc/{real_gateway.proxy_pid}/environ").read_bytes().decode()
    names = {pair.partition("=")[0] for pair in environment.split("\0") if pair}
    assert names == {
        "DATABASE_URL",
        "DISABLE_SCHEMA_UPDATE",
        "HOME",
        "LANG",
        "LITELLM_LOCAL_MODEL_COST_MAP",
        "LITELLM_MASTER_KEY",
        "LITELLM_SALT_KEY",
        "PATH",
        "PRISMA_QUERY_ENGINE_BINARY",
        "PYTHONUNBUFFERED",
        "STORE_MODEL_IN_DB",
        "UPSTREAM_BASE_URL",
    }


def test_only_its_owner_can_read_the_keys(real_gateway: Sandbox) -> None:
    mode = (real_gateway.state_dir / "state.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    command_lines = [
        path.read_bytes()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if os.access(path, os.R_OK)
    ]
    assert not [line for line in command_lines if real_gateway.master_key.encode() in line]


def test_a_start_that_fails_leaves_no_process(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("model_list: [}")
    with pytest.raises(SandboxStartFailed, match=r"LiteLLM ended .* the log .* ends with"):
        start(tmp_path / "state", SandboxOptions(config=config, upstream=True))
    assert processes_that_name(tmp_path) == []
    state = StateFolder(tmp_path / "state").read()
    assert state is not None
    assert state.processes == {}


PROGRAM = """
import sys, time
from pathlib import Path
from aspire_gitops.sandbox import SandboxOptions, running
with running(SandboxOptions(), state_dir=Path(sys.argv[1]), progress=print):
    print("running", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("moment", ["waiting for LiteLLM", "running"])
def test_sigterm_ends_the_sandbox_too(tmp_path: Path, moment: str) -> None:
    state_dir = tmp_path / "state"
    command = [sys.executable, "-u", "-c", PROGRAM, str(state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if re.match(moment, line):
                break
        time.sleep(0.5)
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == 143
    assert processes_that_name(state_dir) == []
    assert not (state_dir / "postgres").exists() or moment != "running"


def processes_that_name(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found
