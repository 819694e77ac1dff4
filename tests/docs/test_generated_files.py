"""Files that are made from others are fresh. `make schemas` and `make codeowners` mend them."""

from pathlib import Path

from codeowners import CodeOwners

from aspire_gitops.loading import load
from aspire_gitops.rendering.codeowners import Layout, block, merged
from aspire_gitops.sources.directory import DirectorySource, shown_folder
from aspire_gitops.validation import validate
from support.reviewed import TODAY

REPOSITORY = Path(__file__).parents[2]
CODEOWNERS = REPOSITORY / ".github" / "CODEOWNERS"


def test_codeowners_is_fresh() -> None:
    folder = REPOSITORY / "gateway.d"
    tree = DirectorySource(folder, ask_git=False).read()
    catalog = validate(load(tree), tree.revision, today=TODAY).catalog
    ours = block(catalog, Layout(shown_folder(folder), "gateway.d/"))

    assert merged(CODEOWNERS.read_text(), ours) == CODEOWNERS.read_text()


def test_every_reviewed_file_has_an_owner() -> None:
    owners = CodeOwners(CODEOWNERS.read_text())
    files = [path.relative_to(REPOSITORY) for path in (REPOSITORY / "gateway.d").rglob("*.yaml")]
    assert files
    assert [path for path in files if not owners.of(path.as_posix())] == []
