"""`aspire-gitops compile`: write what the files ask of the gateway."""

from datetime import datetime
from pathlib import Path

import click

from aspire_gitops.cli.options import as_of, with_source
from aspire_gitops.cli.terminal import OutputPath, show_warnings, write_into
from aspire_gitops.compiling import artifacts
from aspire_gitops.pipeline.catalog import chosen
from aspire_gitops.pipeline.plan import compiled
from aspire_gitops.vocabulary import UsageError
from aspire_ledger.canonical import config_digest

_EPILOG = """\b
Examples:
  aspire-gitops compile -o build
  diff -r build-of-main build        what a commit changes, before any gateway

It writes config.yaml (LiteLLM's static settings), objects.json (the objects
that apply makes) and manifest.json (their digests and the revision). The last
line is the digest that each process says of itself that runs this config.yaml.
"""


@click.command(
    name="compile",
    short_help="Write what the files ask of the gateway into a folder.",
    epilog=_EPILOG,
)
@with_source
@click.option(
    "-o",
    "--output",
    type=OutputPath(folder=True),
    required=True,
    help="The folder to write into.",
)
def command(source: str, revision: str | None, today: datetime | None, output: Path) -> None:
    """Compile SOURCE into three files, the same bytes for the same commit.

    Leaves unchanged files alone. Writes no secret.
    """
    choice = chosen(source, revision)
    if output.resolve().is_relative_to(choice.folder.resolve()):
        raise UsageError(
            f"{output} is inside of {choice.folder}, where config.yaml would count as a reviewed file",
            help="write into another folder",
        )
    wanted, findings = compiled(choice, as_of(today))
    show_warnings(findings)
    for name, text in artifacts(wanted).items():
        existed = (output / name).exists()
        changed = write_into(output, name, text)
        verb = ("changed" if existed else "created") if changed else "unchanged"
        click.echo(f"{verb:<9} {output / name}")
    click.echo(f"settings  {config_digest(wanted.config_yaml)}")
