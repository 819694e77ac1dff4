"""A commit as a source: nothing of the work tree, nothing left behind."""

import os
import subprocess
from pathlib import Path

import pytest

from aspire_gitops.loading.rules import MAX_FILE_BYTES
from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.git import GitSource
from aspire_gitops.vocabulary import Revision, SourceUnavailable


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    made = tmp_path / "repository"
    (made / "gateway.d" / "apps").mkdir(parents=True)
    (made / "gateway.d" / "gateway.yaml").write_text("kind: Gateway\n")
    (made / "gateway.d" / "apps" / "x.yaml").write_text("kind: App\n")
    (made / "other.yaml").write_text("kind: Other\n")
    git(made, "init", "-q", "-b", "main")
    commit(made, "Add the gateway")
    return made


def git(repository: Path, *words: str) -> str:
    identity = ("-c", "user.name=Zac", "-c", "user.email=zac@example.com")
    done = subprocess.run(
        ["git", *identity, *words], cwd=repository, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(repository: Path, subject: str) -> str:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", subject)
    return git(repository, "rev-parse", "HEAD")


def test_a_commit_is_read_without_the_work_tree(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    (repository / "gateway.d" / "gateway.yaml").write_text("changed\n")
    (repository / "gateway.d" / "new.yaml").write_text("new\n")
    tree = GitSource(repository).read()
    assert [(file.path, file.content) for file in tree.files] == [
        ("gateway.d/apps/x.yaml", b"kind: App\n"),
        ("gateway.d/gateway.yaml", b"kind: Gateway\n"),
    ]
    assert tree.revision == Revision(
        "main", head, dirty=False, author="Zac", subject="Add the gateway"
    )


def test_a_bare_repository_will_do(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    assert GitSource(str(tmp_path / "bare.git")).read() == GitSource(repository).read()


def test_an_older_commit_and_a_tag(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "v1")
    (repository / "gateway.d" / "new.yaml").write_text("kind: App\n")
    commit(repository, "Add an app")
    assert len(GitSource(repository).read().files) == 3
    tagged = GitSource(repository, reference="v1").read()
    assert (len(tagged.files), str(tagged.revision)) == (2, f"v1@sha1:{first}")


def test_links_submodules_and_large_files_are_problems(repository: Path) -> None:
    reviewed = repository / "gateway.d"
    (reviewed / "link.yaml").symlink_to("gateway.yaml")
    (reviewed / "folder").symlink_to("apps")
    (reviewed / "README.md").symlink_to("../other.yaml")
    (reviewed / "large.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},gateway.d/sub")
    (reviewed / "sub").mkdir()
    commit(repository, "Add oddities")
    tree = GitSource(repository).read()
    assert [(problem.path, problem.code) for problem in tree.problems] == [
        ("gateway.d/folder", "AG017"),
        ("gateway.d/large.yaml", "AG015"),
        ("gateway.d/link.yaml", "AG017"),
        ("gateway.d/sub", "AG016"),
    ]
    assert len(tree.files) == 2


def test_a_hook_s_variables_lead_nowhere_else(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_WORK_TREE", "/nonexistent")
    assert len(GitSource(repository).read().files) == 2
    assert os.environ["GIT_DIR"] == "/nonexistent"


def test_a_turn_leaves_no_process_and_no_descriptor(repository: Path) -> None:
    GitSource(repository).read()

    def held() -> tuple[int, str]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return len(list(Path("/proc/self/fd").iterdir())), children

    before = held()
    for _ in range(5):
        GitSource(repository).read()
    assert held() == before


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({"reference": "nope"}, "nope", id="no such reference"),
        pytest.param({"folder": "nope"}, "nope", id="no such folder"),
        pytest.param({"folder": "other.yaml"}, "is not a folder", id="a file"),
        pytest.param({"repository": "/nonexistent"}, "no such folder", id="no such place"),
        pytest.param({"repository": "/"}, "not a git repository", id="no repository"),
    ],
)
def test_what_cannot_be_read_is_unavailable(
    repository: Path, changed: dict[str, str], words: str
) -> None:
    source = GitSource(**{"repository": str(repository), **changed})
    with pytest.raises(SourceUnavailable, match=words):
        source.read()


def test_a_folder_without_reviewed_files_is_unavailable(repository: Path) -> None:
    (repository / "empty").mkdir()
    (repository / "empty" / "README.md").write_text("nothing\n")
    commit(repository, "Add a folder")
    with pytest.raises(SourceUnavailable, match=r"holds no \*\.yaml file"):
        GitSource(repository, folder="empty").read()


def test_a_repository_without_commits_is_unavailable(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "new")
    with pytest.raises(SourceUnavailable):
        GitSource(tmp_path / "new").read()


def folder_revision(repository: Path) -> Revision:
    return DirectorySource(repository / "gateway.d").read().revision


def test_a_clean_folder_is_at_its_commit(repository: Path) -> None:
    (repository / "elsewhere.txt").write_text("not of this folder\n")
    (repository / "gateway.d" / "README.md").write_text("not reviewed\n")
    assert folder_revision(repository) == GitSource(repository).read().revision


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("gateway.yaml", "kind: Other\n", id="an edit"),
        pytest.param("new.yaml", "kind: App\n", id="a new file"),
        pytest.param("deep/er/new.yaml", "kind: App\n", id="a new file in a new folder"),
        pytest.param(
            "ignored.yaml", "kind: App\n", id="an ignored file, which is read all the same"
        ),
    ],
)
def test_a_folder_that_differs_from_its_commit_is_dirty(
    repository: Path, name: str, content: str
) -> None:
    (repository / ".gitignore").write_text("ignored.yaml\n")
    commit(repository, "Ignore a file")
    changed = repository / "gateway.d" / name
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(content)
    assert folder_revision(repository).dirty
    assert str(folder_revision(repository)).endswith("+changes")


def test_a_deleted_file_makes_a_folder_dirty(repository: Path) -> None:
    (repository / "gateway.d" / "apps" / "x.yaml").unlink()
    assert folder_revision(repository).dirty


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert folder_revision(repository).reference == "HEAD"


def test_a_repository_without_commits_gives_a_plain_folder(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "new")
    (tmp_path / "new" / "a.yaml").write_text("kind: App\n")
    assert str(DirectorySource(tmp_path / "new").read().revision) == "folder:new"
