"""A remote over ssh: a real server, one key file, and host keys that must be known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aspire_gitops.sources.git import RemoteSource, SshKey
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable
from support.git_repository import Repository
from support.git_ssh import SERVERS, SshServer, new_key, ssh_server

pytestmark = pytest.mark.slow  # other programs at work, one after the other


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "key with a space" / "id")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path, key: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "server", lets_in=key, program=request.param) as running:
        yield running


def source(server: SshServer, remote: Repository, clone: Path, ssh: SshKey) -> RemoteSource:
    return RemoteSource(server.url(remote.path), clone=clone, credentials=ssh, timeout_s=20)


def test_a_key_opens_the_remote(
    server: SshServer, remote: Repository, clone: Path, key: Path
) -> None:
    reader = source(server, remote, clone, SshKey(key, server.known_hosts))
    assert reader.read().revision.commit == remote.head


def test_another_key_is_refused(
    server: SshServer, remote: Repository, clone: Path, tmp_path: Path
) -> None:
    other = new_key(tmp_path / "other")
    with pytest.raises(SourceRefused, match=r"refuses our credentials \(.*Permission denied"):
        source(server, remote, clone, SshKey(other, server.known_hosts)).read()


def test_an_unknown_host_is_refused(
    server: SshServer, remote: Repository, clone: Path, key: Path, tmp_path: Path
) -> None:
    (tmp_path / "nobody").write_text("")
    with pytest.raises(SourceRefused, match="host key is not in known_hosts"):
        source(server, remote, clone, SshKey(key, tmp_path / "nobody")).read()


def test_a_host_with_another_key_is_refused(
    server: SshServer, remote: Repository, clone: Path, key: Path
) -> None:
    name = server.known_hosts.read_text().split()[0]
    other = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    server.known_hosts.write_text(f"{name} {other}\n")
    with pytest.raises(SourceRefused, match="host key is not in known_hosts"):
        source(server, remote, clone, SshKey(key, server.known_hosts)).read()


def test_a_key_that_others_may_read_is_refused(
    server: SshServer, remote: Repository, clone: Path, key: Path
) -> None:
    key.chmod(0o644)
    with pytest.raises(SourceRefused, match="chmod 600"):
        source(server, remote, clone, SshKey(key, server.known_hosts)).read()


def test_a_repository_that_is_not_there_is_refused(
    server: SshServer, clone: Path, key: Path, tmp_path: Path
) -> None:
    nowhere = Repository(tmp_path / "nowhere.git")
    with pytest.raises(SourceRefused, match="the repository does not exist"):
        source(server, nowhere, clone, SshKey(key, server.known_hosts)).read()


def test_a_host_that_does_not_listen_is_unavailable(
    remote: Repository, clone: Path, key: Path, tmp_path: Path
) -> None:
    (tmp_path / "known").write_text("")
    nobody = SshServer(1, tmp_path / "known", "git")
    with pytest.raises(SourceUnavailable, match=r"cannot be reached: .*Connection refused"):
        source(nobody, remote, clone, SshKey(key, tmp_path / "known")).read()


@pytest.mark.parametrize("missing", ["key", "known_hosts"])
def test_a_missing_file_is_named(clone: Path, tmp_path: Path, missing: str) -> None:
    for name in {"key", "known_hosts"} - {missing}:
        (tmp_path / name).write_text("")
    ssh = SshKey(tmp_path / "key", tmp_path / "known_hosts")
    with pytest.raises(SourceRefused, match=f"{missing} cannot be read: No such file"):
        RemoteSource("git@127.0.0.1:x", clone=clone, credentials=ssh).read()


def test_ssh_gets_one_key_asks_nobody_and_believes_no_other_host(
    remote: Repository, clone: Path, tmp_path: Path
) -> None:
    for name in ("key", "known_hosts"):
        (tmp_path / name).write_text("")
    program = tmp_path / "ssh"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\n'
        'for last; do :; done; exec sh -c "$last"\n'
    )
    program.chmod(0o700)
    ssh = SshKey(tmp_path / "key", tmp_path / "known_hosts", program=str(program))
    reader = RemoteSource(f"git@host.example.com:{remote.path}", clone=clone, credentials=ssh)
    assert reader.read().revision.commit == remote.head
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[:4] == ["-F", "/dev/null", "-i", str(tmp_path / "key")]
    assert {
        "IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=yes",
        f'UserKnownHostsFile="{tmp_path}/known_hosts"', "GlobalKnownHostsFile=/dev/null",
    } <= set(arguments)  # fmt: skip
