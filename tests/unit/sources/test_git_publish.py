"""One file on a branch of its own: one commit when it changed, never by force."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from aspire_gitops.sources.git import Identity, RemoteSource, Token, publish_file
from aspire_gitops.sources.git.exchange import Exchange
from aspire_gitops.vocabulary import NotificationFailed, UsageError
from support.git_http import GitServer, serving
from support.git_repository import Repository, new_bare

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

Publish = Callable[..., str | None]


@pytest.fixture
def bare(remote: Repository, tmp_path: Path) -> Repository:
    made = new_bare(tmp_path / "served" / "remote.git")
    remote.git("push", "--quiet", str(made.path), "main")
    return made


@pytest.fixture
def publish(bare: Repository, clone: Path) -> Publish:
    return functools.partial(publish_file, str(bare.path), clone=clone, message="State at noon")


def test_the_first_commit_makes_the_branch(bare: Repository, publish: Publish) -> None:
    commit = publish(content=b'{"a": 1}\n')
    assert bare.git("rev-parse", "gateway-state") == commit
    assert bare.git("ls-tree", "-r", "--name-only", "gateway-state") == "snapshot.json"
    assert bare.git("show", "gateway-state:snapshot.json") == '{"a": 1}'
    assert bare.git("log", "--format=%an|%ae|%cn|%ce|%s|%P", "gateway-state") == (
        "aspire-gitops|aspire-gitops@localhost|aspire-gitops|aspire-gitops@localhost|State at noon|"
    )


def test_the_same_content_makes_no_commit(bare: Repository, publish: Publish) -> None:
    first = publish(content=b"same")
    assert publish(content=b"same") is None
    assert bare.git("rev-parse", "gateway-state") == first


def test_each_change_is_one_commit_on_top(bare: Repository, publish: Publish) -> None:
    for number in range(4):
        publish(content=str(number).encode())
    assert bare.git("rev-list", "--count", "gateway-state") == "4"


def test_a_path_a_branch_and_an_author_of_one_s_own(bare: Repository, publish: Publish) -> None:
    author = Identity("Zac", "zac@example.com")
    publish(content=b"x", path="state/now/all.json", branch="team/state", author=author)
    publish(content=b"y", path="state/now/all.json", branch="team/state", author=author)
    assert bare.git("ls-tree", "-r", "--name-only", "team/state") == "state/now/all.json"
    assert bare.git("log", "-1", "--format=%an <%ae>", "team/state") == "Zac <zac@example.com>"


def test_a_new_clone_goes_on_where_the_old_one_ended(
    bare: Repository, publish: Publish, tmp_path: Path
) -> None:
    publish(content=b"first")
    publish(content=b"second", clone=tmp_path / "another")
    assert publish(content=b"second") is None
    publish(content=b"third")
    assert bare.git("rev-list", "--count", "gateway-state") == "3"


def test_it_may_share_the_clone_of_a_source(
    bare: Repository, publish: Publish, clone: Path
) -> None:
    reader = RemoteSource(str(bare.path), clone=clone)
    before = reader.read()
    publish(content=b"x")
    assert RemoteSource(str(bare.path), clone=clone).read() == before


@pytest.mark.parametrize("exists", [False, True], ids=["a new branch", "an old branch"])
def test_somebody_else_s_push_in_between_is_built_upon(
    bare: Repository,
    publish: Publish,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    exists: bool,
) -> None:
    if exists:
        publish(content=b"before")
    push = Exchange.push
    rivals = iter([b"the rival's"])

    def overtaken(self: Exchange, commit: str, branch: str) -> object:
        for content in rivals:
            publish(content=content, clone=tmp_path / "rival")
        return push(self, commit, branch)

    monkeypatch.setattr(Exchange, "push", overtaken)
    commit = publish(content=b"ours")
    assert bare.git("rev-parse", "gateway-state") == commit
    assert bare.git("show", "gateway-state:snapshot.json") == "ours"
    assert bare.git("show", "gateway-state~:snapshot.json") == "the rival's"


def test_a_rewritten_branch_is_built_upon_and_not_forced(
    bare: Repository, publish: Publish
) -> None:
    publish(content=b"first")
    publish(content=b"second")
    bare.git("update-ref", "refs/heads/gateway-state", "gateway-state~")
    publish(content=b"third")
    assert bare.git("rev-list", "--count", "gateway-state") == "2"


def test_a_branch_with_other_files_is_left_alone(bare: Repository, publish: Publish) -> None:
    before = bare.git("rev-parse", "main")
    with pytest.raises(
        NotificationFailed, match=r"contains other files \(gateway.d/gateway.yaml\)"
    ) as said:
        publish(content=b"x", branch="main")
    assert said.value.permanent
    assert bare.git("rev-parse", "main") == before


@pytest.mark.parametrize("path", ["", "/x", "../x", "a//b", "a/.git/config", "a\nb", "x/"])
def test_a_path_that_is_none_is_refused(publish: Publish, path: str) -> None:
    with pytest.raises(UsageError, match="invalid path for the published file"):
        publish(content=b"x", path=path)


def test_a_hook_that_declines_needs_a_person(bare: Repository, publish: Publish) -> None:
    hook = bare.path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not here >&2; exit 1\n")
    hook.chmod(0o755)
    with pytest.raises(NotificationFailed, match="hook declined") as said:
        publish(content=b"x")
    assert said.value.permanent
    assert "\n" not in str(said.value)


def test_a_remote_that_is_away_is_tried_again(bare: Repository, publish: Publish) -> None:
    bare.path.rename(bare.path.with_name("away"))
    with pytest.raises(NotificationFailed, match=r"not published: .*mounted") as said:
        publish(content=b"x")
    assert not said.value.permanent


@pytest.fixture
def server(bare: Repository) -> Iterator[GitServer]:
    with serving(GitServer(bare.path.parent, token="planted")) as peer:
        yield peer


def test_it_is_pushed_over_http(bare: Repository, server: GitServer, clone: Path) -> None:
    commit = publish_file(
        server.url(),
        clone=clone,
        content=b"x" * 2_000_000,
        message="Large",
        credentials=Token(SecretStr("planted")),
    )
    assert bare.git("rev-parse", "gateway-state") == commit


def test_a_token_that_may_not_push_needs_a_person(server: GitServer, clone: Path) -> None:
    with pytest.raises(NotificationFailed, match="refuses our credentials") as said:
        publish_file(
            server.url(),
            clone=clone,
            content=b"x",
            message="No",
            credentials=Token(SecretStr("wrong-planted")),
        )
    assert said.value.permanent
    assert "planted" not in str(said.value)
