"""What a remote, a disk and a clone can do wrong, and the defined answer to each."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aspire_gitops.sources.git import RemoteSource
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable
from support.git_repository import Repository, contents, new_repository

pytestmark = pytest.mark.slow  # other programs at work, one after the other

Break = Callable[[Path], None]


def source(remote: Repository, clone: Path, **more: object) -> RemoteSource:
    return RemoteSource(str(remote.path), clone=clone, **more)  # type: ignore[arg-type]  # a test's own


def test_a_deleted_branch_is_refused_until_it_is_back(remote: Repository, clone: Path) -> None:
    reader = source(remote, clone)
    reader.read()
    remote.git("branch", "--move", "main", "other")
    with pytest.raises(SourceRefused, match=r"has no branch main; push the branch again"):
        reader.read()
    remote.git("branch", "--move", "other", "main")
    assert reader.read().revision.commit == remote.head


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        pytest.param("nope", "no folder nope at main", id="no such folder"),
        pytest.param("../elsewhere", "no folder", id="out of the repository"),
        pytest.param("gateway.d/gateway.yaml", "is not a folder", id="a file"),
        pytest.param("empty", r"holds no \*\.yaml file", id="nothing reviewed in it"),
    ],
)
def test_a_folder_that_only_a_commit_can_mend_is_refused(
    remote: Repository, clone: Path, folder: str, words: str
) -> None:
    (remote.path / "empty").mkdir()
    (remote.path / "empty" / "README.md").write_text("nothing")
    remote.commit()
    with pytest.raises(SourceRefused, match=words):
        source(remote, clone, folder=folder).read()


def test_a_path_that_is_not_mounted_is_unavailable(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist; check that it is mounted"):
        RemoteSource(str(tmp_path / "nowhere"), clone=clone).read()


def test_a_folder_that_is_no_repository_is_refused(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="the repository does not exist"):
        RemoteSource(str(tmp_path), clone=clone).read()


def test_an_empty_repository_has_no_branch(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    Repository(tmp_path / "empty").git("init", "--quiet")
    with pytest.raises(SourceRefused, match="has no branch main"):
        RemoteSource(str(tmp_path / "empty"), clone=clone).read()


def test_a_sha256_repository_is_refused(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    new = Repository(tmp_path / "new")
    new.git("init", "--quiet", "-b", "main", "--object-format=sha256")
    new.commit()
    with pytest.raises(SourceRefused, match="SHA-256"):
        RemoteSource(str(new.path), clone=clone).read()


def test_a_commit_that_git_does_not_accept_is_refused(remote: Repository, clone: Path) -> None:
    tree = remote.git("rev-parse", "HEAD^{tree}")
    text = f"tree {tree}\nauthor nobody\ncommitter nobody\n\nMalformed\n"
    bad = remote.git(
        "hash-object", "-t", "commit", "--literally", "-w", "--stdin", given=text.encode()
    )
    remote.git("update-ref", "refs/heads/main", bad)
    with pytest.raises(SourceRefused, match=r"an object that git does not accept .*well-formed"):
        source(remote, clone).read()


def test_what_people_write_into_a_commit_comes_out_as_short_single_lines(
    remote: Repository, clone: Path
) -> None:
    (remote.path / "gateway.d" / "a.yaml").write_text("a")
    remote.git("add", "-A")
    message = b"\x1b[2J" + b"s" * 900 + b"\n\nAcked-by: \xff\x1b]0;x\x07\n"
    remote.git("commit", "--quiet", "-F", "-", given=message, GIT_AUTHOR_NAME="Zac\x1b[31m")
    revision = source(remote, clone).read().revision
    assert revision.author == "Zac\\x1b[31m"
    assert revision.approvers == ("ÿ\\x1b]0;x\\x07",)
    assert revision.subject
    assert revision.subject.startswith("\\x1b[2Jsss")
    assert len(revision.subject) == 200


def _objects(clone: Path) -> list[Path]:
    return [path for path in (clone / "objects").rglob("*") if path.is_file()]


def _without_objects(clone: Path) -> None:
    shutil.rmtree(clone / "objects")


def _emptied_objects(clone: Path) -> None:  # what a power cut leaves
    for path in _objects(clone):
        path.chmod(0o600)
        path.write_bytes(b"")


def _one_object_gone(clone: Path) -> None:
    there = Repository(clone)
    blob = there.git("rev-parse", "refs/aspire-gitops/newest:gateway.d/gateway.yaml")
    for pack in (clone / "objects" / "pack").glob("*.pack"):
        content = pack.read_bytes()
        pack.unlink()
        there.git("unpack-objects", "-q", given=content)
    (clone / "objects" / blob[:2] / blob[2:]).unlink()


def _no_head(clone: Path) -> None:
    (clone / "HEAD").write_text("")


def _config_of_rubbish(clone: Path) -> None:
    (clone / "config").write_text("[[[")


def _rubbish_references(clone: Path) -> None:
    for path in (clone / "refs" / "aspire-gitops").iterdir():
        path.write_text("rubbish")


def _rubbish_shallow(clone: Path) -> None:
    (clone / "shallow").write_text("rubbish\n")


def _removed(clone: Path) -> None:
    shutil.rmtree(clone)


@pytest.mark.parametrize(
    "breaks",
    [
        pytest.param(_without_objects, id="no objects"),
        pytest.param(_emptied_objects, id="objects of no length"),
        pytest.param(_one_object_gone, id="one object gone"),
        pytest.param(_no_head, id="an empty HEAD"),
        pytest.param(_config_of_rubbish, id="a config of rubbish"),
        pytest.param(_rubbish_references, id="references of rubbish"),
        pytest.param(_rubbish_shallow, id="a shallow file of rubbish"),
        pytest.param(_removed, id="all of it gone"),
    ],
)
@pytest.mark.parametrize("moved", [False, True], ids=["nothing new", "a new commit"])
def test_a_damaged_clone_is_repaired(
    remote: Repository, clone: Path, breaks: Break, *, moved: bool
) -> None:
    source(remote, clone).read()
    breaks(clone)
    if moved:
        remote.commit("Change", gateway="second")
    head = remote.head
    reader = source(remote, clone)
    assert reader.read().revision.commit == head
    reader.keep(head)
    assert Repository(clone).git("rev-parse", "refs/aspire-gitops/applied") == head
    assert {path.name for path in clone.parent.iterdir()} == {"clone", "clone.lock"}


def test_a_clone_that_is_made_again_says_so_and_saves_the_applied_commit(
    remote: Repository, clone: Path
) -> None:
    heard: list[str] = []
    reader = source(remote, clone, tell=heard.append)
    applied = reader.read()
    assert applied.revision.commit
    reader.keep(applied.revision.commit)
    remote.git("commit", "--quiet", "--amend", "-m", "Rewritten")
    remote.git("reflog", "expire", "--expire=now", "--all")
    remote.git("gc", "--quiet", "--prune=now")
    remote.commit("Change", gateway="second")
    reader.read()
    _one_object_gone(clone)
    fresh = source(remote, clone, tell=heard.append)
    fresh.read()
    assert len(heard) == 1
    assert "is recreated" in heard[0]
    assert fresh.read_at(applied.revision.commit) == applied


def test_another_address_gets_a_clone_of_its_own(
    remote: Repository, clone: Path, tmp_path: Path
) -> None:
    reader = source(remote, clone)
    applied = reader.read()
    assert applied.revision.commit
    reader.keep(applied.revision.commit)
    other = new_repository(tmp_path / "other")
    other.commit("Elsewhere", gateway="elsewhere")
    heard: list[str] = []
    moved = source(other, clone, tell=heard.append)
    assert contents(moved) == {"gateway.d/gateway.yaml": b"elsewhere"}
    assert "belongs to another address" in heard[0]
    assert moved.read_at(applied.revision.commit) == applied


@pytest.mark.parametrize("name", ["a file", "a folder of others"])
def test_what_is_not_our_clone_is_never_removed(remote: Repository, clone: Path, name: str) -> None:
    precious = clone if name == "a file" else clone / "precious.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("precious")
    with pytest.raises(SourceRefused, match="holds something other than our clone"):
        source(remote, clone).read()
    assert precious.read_text() == "precious"


def test_what_a_killed_git_left_behind_is_swept_up(remote: Repository, clone: Path) -> None:
    source(remote, clone).read()
    left = [
        clone / name
        for name in (
            "shallow.lock",
            "config.lock",
            "packed-refs.lock",
            "refs/aspire-gitops/newest.lock",
            "objects/pack/tmp_pack_a1b2c3",
            "objects/pack/tmp_idx_a1b2c3",
            "objects/pack/pack-1234.keep",
            "objects/12/tmp_obj_a1b2c3",
            "gc.pid",
        )
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    remote.commit("Change", gateway="second")
    assert contents(source(remote, clone)) == {"gateway.d/gateway.yaml": b"second"}
    assert [path for path in left if path.exists()] == []


@pytest.mark.slow
def test_a_reader_killed_at_any_moment_leaves_what_the_next_one_can_use(
    remote: Repository, clone: Path
) -> None:
    (remote.path / "large.bin").write_bytes(os.urandom(2_000_000))
    program = (
        "import sys; from pathlib import Path; from aspire_gitops.sources.git import RemoteSource\n"
        "source = RemoteSource(sys.argv[1], clone=Path(sys.argv[2]))\n"
        "print('ready', flush=True); source.read()"
    )
    for pause_s in (0.0, 0.005, 0.01, 0.02, 0.04, 0.06):
        remote.commit(f"After {pause_s}", gateway=str(pause_s))
        with subprocess.Popen(
            [sys.executable, "-c", program, str(remote.path), str(clone)], stdout=subprocess.PIPE
        ) as reader:
            assert reader.stdout
            reader.stdout.readline()
            time.sleep(pause_s)
            reader.send_signal(signal.SIGKILL)
        assert contents(source(remote, clone)) == {"gateway.d/gateway.yaml": str(pause_s).encode()}
    assert not list(clone.glob("objects/pack/tmp_*"))


def test_two_readers_of_one_clone_take_turns(remote: Repository, clone: Path) -> None:
    first, second = source(remote, clone), source(remote, clone, timeout_s=0.2)
    with (
        first._clone.locked(),
        pytest.raises(SourceUnavailable, match="in use by another process"),
    ):
        second.read()
    assert second.read() == first.read()


def test_a_clone_that_cannot_be_written_is_unavailable(remote: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceUnavailable, match=r"cannot be written: .*free disk space"):
        source(remote, tmp_path / "file" / "clone").read()


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Where the test mounts a disk of 400 kB, in a mount namespace of its own."""
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], check=False).returncode:
        pytest.skip("no mount namespaces here, so no small disk")
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def test_a_full_disk_is_unavailable_and_half_packs_do_not_pile_up(
    remote: Repository, small_disk: Path
) -> None:
    (remote.path / "large.bin").write_bytes(os.urandom(1_000_000))
    remote.commit("Add something large")
    program = (
        "import sys; from pathlib import Path; from aspire_gitops.sources.git import RemoteSource\n"
        "from aspire_gitops.vocabulary.errors import SourceUnavailable\n"
        "clone = Path(sys.argv[2], 'clone')\n"
        "for _ in range(3):\n"
        "    try: RemoteSource(sys.argv[1], clone=clone).read()\n"
        "    except SourceUnavailable as error: print(error)\n"
        "print([path.name for path in clone.rglob('tmp_*')])"
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c",
         'mount -t tmpfs -o size=400k none "$1" && exec "$2" -c "$3" "$4" "$1"',
         "sh", str(small_disk), sys.executable, program, str(remote.path)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    *said, left = done.stdout.splitlines()
    assert ["the disk is full" in line for line in said] == [True] * 3
    assert left == "[]"
