"""docs/reference/commands.md lists every command, and no other; LICENSE is the whole licence."""

import hashlib
import re
from pathlib import Path

import click

from aspire_gitops.cli.program import program

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "commands.md").read_text()
# Of https://www.apache.org/licenses/LICENSE-2.0.txt
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_every_command_has_a_row() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", PAGE, re.MULTILINE)
    named = {name.split()[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert named == set(program.list_commands(click.Context(program)))


def test_the_licence_is_the_official_text() -> None:
    assert hashlib.sha256((REPOSITORY / "LICENSE").read_bytes()).hexdigest() == APACHE_2
