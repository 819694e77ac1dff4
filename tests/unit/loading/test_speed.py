"""What makes loading quick: nearly all files take the quick road, and that road is short."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from aspire_gitops.loading.plain import TRUSTED, plain_document
from aspire_gitops.loading.reading import read

pytestmark = pytest.mark.skipif(not TRUSTED, reason="this Python's re cannot be trusted with it")

REPOSITORY = Path(__file__).parents[3]
REVIEWED = sorted((REPOSITORY / "gateway.d").rglob("*.yaml"))


def bench_documents() -> ModuleType:
    path = REPOSITORY / "bench" / "documents.py"
    spec = importlib.util.spec_from_file_location("bench_documents", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", REVIEWED, ids=lambda path: path.name)
def test_aspire_s_own_files_take_the_quick_road(path: Path) -> None:
    text = path.read_text()
    assert plain_document(text) == read(str(path), text).value is not None


@pytest.mark.parametrize("before", [False, True])
def test_the_benchmark_s_files_are_read_alike_on_both_roads(before: bool) -> None:  # noqa: FBT001 (a parameter of the table)
    texts = [text for _, text in bench_documents().documents(60, before=before)]
    assert len(texts) == 60
    assert all(plain_document(text) == read("", text).value is not None for text in texts)


def test_plain_files_are_read_without_importing_a_yaml_parser() -> None:
    program = f"""
import sys
from pathlib import Path
from aspire_gitops.loading import load
from aspire_gitops.sources import DirectorySource
loaded = load(DirectorySource(Path({str(REPOSITORY / "gateway.d")!r}), ask_git=False).read())
assert len(loaded.documents) == {len(REVIEWED)}
print("yaml" in sys.modules, "git" in sys.modules)
print(loaded.documents[0].span("kind").line > 0, "yaml" in sys.modules)
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["False", "False", "True", "True"]
