"""A folder as a source: what counts, what is refused, and what never blocks."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aspire_gitops.loading.rules import MAX_FILE_BYTES
from aspire_gitops.sources import DirectorySource
from aspire_gitops.vocabulary import SourceTree, SourceUnavailable

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "gateway.d"
    (made / "apps").mkdir(parents=True)
    (made / "gateway.yaml").write_text("kind: Gateway\n")
    (made / "apps" / "x.yml").write_text("kind: App\n")
    return made


def read(folder: Path) -> SourceTree:
    return DirectorySource(folder, ask_git=False).read()


def names(tree: SourceTree, folder: Path) -> list[str]:
    return [file.path.removeprefix(f"{folder}/") for file in tree.files]


def problems(tree: SourceTree, folder: Path) -> list[tuple[str, str, str]]:
    return [
        (problem.path.removeprefix(f"{folder}/"), problem.code, problem.message)
        for problem in tree.problems
    ]


def test_only_yaml_files_count_and_they_come_sorted(folder: Path) -> None:
    for name in ("README.md", ".hidden.yaml", "z.yaml~", "B.YAML", "a.yaml"):
        (folder / name).write_text("kind: App\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.yaml").write_text("")
    tree = read(folder)
    assert names(tree, folder) == ["B.YAML", "a.yaml", "apps/x.yml", "gateway.yaml"]
    assert tree.problems == ()
    assert str(tree.revision) == "folder:gateway.d"


def test_paths_are_relative_where_that_is_possible(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first() -> str:
        return read(folder).files[0].path

    assert first() == f"{folder}/apps/x.yml"
    monkeypatch.chdir(folder.parent)
    assert first() == "gateway.d/apps/x.yml"
    assert read(Path("./gateway.d/")).files[0].path == "gateway.d/apps/x.yml"
    monkeypatch.chdir(folder)
    assert first() == "apps/x.yml"
    assert read(Path()).files[0].path == "apps/x.yml"
    monkeypatch.chdir(folder / "apps")
    assert read(Path("..")).files[0].path == "../apps/x.yml"


def test_a_pipe_is_reported_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    assert problems(read(folder), folder) == [
        ("pipe.yaml", "AG016", "this is a pipe, not a file"),
    ]


def test_a_socket_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.yaml")
        assert problems(read(folder), folder)[0][1:] == ("AG016", "this is a socket, not a file")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param("/etc/passwd", "the link leaves the folder", id="absolute"),
        pytest.param("../outside.yaml", "the link leaves the folder", id="to the neighbour"),
        pytest.param("link.yaml", "the link leads to itself", id="to itself"),
        pytest.param("nowhere.yaml", "the link leads nowhere", id="broken"),
        pytest.param("apps", "the link stands for a folder", id="a folder inside"),
        pytest.param("..", "the link stands for a folder", id="a folder above"),
    ],
)
def test_a_link_is_refused(folder: Path, target: str, message: str) -> None:
    (folder.parent / "outside.yaml").write_text("kind: App\n")
    (folder / "link.yaml").symlink_to(target)
    tree = read(folder)
    assert problems(tree, folder) == [("link.yaml", "AG017", message)]
    assert names(tree, folder) == ["apps/x.yml", "gateway.yaml"]


def test_a_folder_whose_name_starts_the_same_is_outside(folder: Path) -> None:
    twin = folder.parent / "gateway.d2"
    twin.mkdir()
    (twin / "y.yaml").write_text("kind: App\n")
    (folder / "link.yaml").symlink_to(twin / "y.yaml")
    assert problems(read(folder), folder)[0][2] == "the link leaves the folder"


def test_a_config_map_as_kubernetes_mounts_it_is_read(tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    (mounted / "..2026_11_23").mkdir(parents=True)
    (mounted / "..2026_11_23" / "gateway.yaml").write_text("kind: Gateway\n")
    (mounted / "..data").symlink_to("..2026_11_23")
    (mounted / "gateway.yaml").symlink_to("..data/gateway.yaml")
    tree = read(mounted)
    assert [(file.path, file.content) for file in tree.files] == [
        (f"{mounted}/gateway.yaml", b"kind: Gateway\n")
    ]
    assert tree.problems == ()


def test_other_peoples_links_are_left_alone(folder: Path) -> None:
    (folder / "README.md").symlink_to("/etc/hostname")
    assert read(folder).problems == ()


def test_a_link_as_the_folder_itself_is_followed(folder: Path) -> None:
    (folder.parent / "current").symlink_to(folder)
    assert len(read(folder.parent / "current").files) == 2


def test_a_large_file_is_not_read(folder: Path) -> None:
    (folder / "large.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (folder / "just.yaml").write_bytes(b"#" * MAX_FILE_BYTES)
    tree = read(folder)
    assert [(path, code) for path, code, _ in problems(tree, folder)] == [("large.yaml", "AG015")]
    assert "just.yaml" in names(tree, folder)


def test_a_name_that_cannot_be_shown_is_escaped(folder: Path) -> None:
    (folder / "a\x1b[31m.yaml").write_text("")
    (folder / os.fsdecode(b"b\xff.yaml")).write_text("")
    assert [problem[0] for problem in problems(read(folder), folder)] == [
        "a\\x1b[31m.yaml",
        "b\\udcff.yaml",
    ]


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that another user may enter; pytest's own are closed to others."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        (Path(made) / "apps").mkdir()
        (Path(made) / "gateway.yaml").write_text("kind: Gateway\n")
        yield Path(made)


@contextmanager
def without_rights_on(path: Path) -> Iterator[None]:
    """Take all rights away; root would not notice, so become somebody else meanwhile."""
    mode = path.stat().st_mode
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


def test_an_unreadable_file_is_reported(public_folder: Path) -> None:
    with without_rights_on(public_folder / "gateway.yaml"):
        found = problems(read(public_folder), public_folder)
    assert found == [("gateway.yaml", "AG018", "it cannot be read: Permission denied")]


def test_an_unreadable_subfolder_is_reported(public_folder: Path) -> None:
    with without_rights_on(public_folder / "apps"):
        found = problems(read(public_folder), public_folder)
    assert found == [("apps", "AG018", "it cannot be read: Permission denied")]


def test_an_unreadable_folder_is_no_empty_tree(public_folder: Path) -> None:
    with (
        without_rights_on(public_folder),
        pytest.raises(SourceUnavailable, match="Permission denied"),
    ):
        read(public_folder)


def test_a_missing_folder_is_no_empty_tree(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="No such file"):
        read(tmp_path / "nowhere")


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(SourceUnavailable, match="is not a folder"):
        read(folder / "gateway.yaml")


def test_an_empty_folder_is_no_empty_tree(tmp_path: Path) -> None:
    """An unmounted volume looks like this, and everything would be pruned."""
    with pytest.raises(SourceUnavailable, match=r"contains no \*\.yaml file"):
        read(tmp_path)
