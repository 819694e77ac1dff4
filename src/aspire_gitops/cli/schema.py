"""`aspire-gitops schema`: the JSON Schemas of the reviewed files, and of what this program writes."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import click

from aspire_gitops.cli.terminal import ExitCode, OutputPath, write_into
from aspire_gitops.resources.schema import FOLDER_SCHEMA, editor_files, schema_files
from aspire_gitops.vocabulary import UsageError

_SUFFIX = ".schema.json"
_EPILOG = """\b
Examples:
  aspire-gitops schema                  one schema for every file of gateway.d
  aspire-gitops schema App              of one kind
  aspire-gitops schema -o schemas       all of them, as files for editors
  aspire-gitops schema -o schemas --check    exit 1 if they are out of date
  aspire-gitops schema --json-formats plan   of the plan that `plan -o` writes
"""


@click.command(
    name="schema", short_help="Print or write the JSON Schemas of the files.", epilog=_EPILOG
)
@click.argument("kind", required=False)
@click.option(
    "-o",
    "--output",
    type=OutputPath(folder=True),
    help="Write every schema and the catalogue of them, or the schema of KIND, into this folder.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is out of date.")
@click.option("--json-formats", is_flag=True, help="The schemas of the JSON that this program writes, in place of those of the files: plan, status, …")  # fmt: skip
def command(kind: str | None, output: Path | None, *, check: bool, json_formats: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND, or the one that fits every file."""
    if json_formats:
        from aspire_gitops.codec.schemas import output_schema_files  # noqa: PLC0415 (0.2 s that an editor's schemas do not need)

        known = output_schema_files()
        every = dict(known)
    else:
        known, every = schema_files(), dict(editor_files())
        kind = kind or (None if output else FOLDER_SCHEMA.removesuffix(_SUFFIX))
    files = _chosen(kind, known) if kind else every
    if output is None:
        if check:
            raise UsageError(
                "--check needs files to compare", help="name their folder with --output"
            )
        if len(files) > 1:
            raise UsageError(
                "several schemas and one output",
                help=f"choose one of {_names(known)}, or write them all with --output",
            )
        click.echo(files.popitem()[1], nl=False)
        return
    if check:
        again = " ".join(["schema", *([kind] if kind else []), *["--json-formats"] * json_formats])
        raise SystemExit(_check(files, output, again))
    for name, text in files.items():
        verb = "written" if write_into(output, name, text) else "unchanged"
        click.echo(f"{verb:<9} {output / name}")


def _chosen(kind: str, files: Mapping[str, str]) -> dict[str, str]:
    name = f"{kind.lower()}{_SUFFIX}"
    if name not in files:
        kinds = [file.removesuffix(_SUFFIX) for file in files]
        close = get_close_matches(kind.lower(), kinds, n=1)
        help_ = f"did you mean {close[0]}?" if close else f"the kinds are {_names(files)}"
        raise UsageError(f"unknown kind {kind}", help=help_)
    return {name: files[name]}


def _names(files: Mapping[str, str]) -> str:
    return ", ".join(file.removesuffix(_SUFFIX) for file in files)


def _check(files: Mapping[str, str], folder: Path, again: str) -> ExitCode:
    stale = list(_stale(files, folder))
    for path in stale:
        click.echo(f"out of date: {path}")
    if stale:
        click.echo(f"  = help: aspire-gitops {again} --output {folder}", err=True)
    return ExitCode.FAILED if stale else ExitCode.DONE


def _stale(files: Mapping[str, str], folder: Path) -> Iterator[Path]:
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield path
