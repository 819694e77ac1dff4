"""The proof in docs/operate/journal.md works without a line of ours, and finds what it should."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aspire_gitops.journal import journal_path, open_journal
from support.journal_lines import deployment, draft, result

PAGE = Path(__file__).parents[3] / "docs" / "operate" / "journal.md"


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    text = PAGE.read_text().partition("```python\n")[2].partition("```")[0]
    script = tmp_path / "proof.py"
    script.write_text(text)
    return script


def prove(proof: Path, journal: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", str(proof), str(journal)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_documented_proof_comes_to_the_same_hash(proof: Path, tmp_path: Path) -> None:
    with open_journal(None, tmp_path) as journal:
        journal.append(draft(author="Zoë “Z” \x00"), result("deployment/a", deployment()))
        assert prove(proof, journal_path(tmp_path)).stdout.strip() == journal.head().head


def test_the_documented_proof_finds_a_changed_line(proof: Path, tmp_path: Path) -> None:
    with open_journal(None, tmp_path) as journal:
        journal.append(draft(), draft(), draft())
    file = sqlite3.connect(journal_path(tmp_path), isolation_level=None)
    file.execute("DROP TRIGGER entry_is_not_updated")
    file.execute("UPDATE entry SET author = 'Mallory' WHERE number = 2")
    file.close()
    assert "line 2 was changed" in prove(proof, journal_path(tmp_path)).stderr
