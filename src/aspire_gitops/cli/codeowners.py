"""`aspire-gitops codeowners`: who must review a change of each file."""

import os
import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click

from aspire_gitops.catalog import Catalog
from aspire_gitops.cli.options import as_of, with_source
from aspire_gitops.cli.terminal import ExitCode, OutputPath, say, told_on_stderr, write_file
from aspire_gitops.pipeline.catalog import SourceChoice, check, chosen
from aspire_gitops.rendering.codeowners import (
    OWNER,
    Layout,
    block,
    lines_after,
    merged,
    owned_files,
)
from aspire_gitops.sources.directory import shown_folder
from aspire_gitops.vocabulary import InvalidConfig, UsageError

_USUAL = ".github/CODEOWNERS"
_EPILOG = """\b
Examples:
  aspire-gitops codeowners                          print it
  aspire-gitops codeowners -o .github/CODEOWNERS    write it; keeps your own lines
  aspire-gitops codeowners -o .github/CODEOWNERS --check    exit 1 if it is out of date
  aspire-gitops codeowners --team web@example.com=@example/web
"""


@click.command(
    name="codeowners", short_help="Write CODEOWNERS: an app's file to its owner.", epilog=_EPILOG
)
@with_source
@click.option("-o", "--output", type=OutputPath(), help="The CODEOWNERS file. Only our block in it is written.")  # fmt: skip
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if the file is out of date.")  # fmt: skip
@click.option("--default", "default", multiple=True, metavar="OWNER", help="Owner of everything that no app owns. May be repeated.  [default: the Gateway's `owner`]")  # fmt: skip
@click.option("--team", "teams", multiple=True, metavar="EMAIL=OWNER", help="What an owner is called on GitHub or GitLab: @user or @org/team. May be repeated.")  # fmt: skip
@click.option("--prefix", metavar="PATH", help="SOURCE's path from the root of the repository.  [default: where it is]")  # fmt: skip
def command(
    source: str,
    revision: str | None,
    today: datetime | None,
    *,
    output: Path | None,
    default: tuple[str, ...],
    teams: tuple[str, ...],
    prefix: str | None,
    only_check: bool,
) -> None:
    """Assign each app's file and budget to the app's owner, and the rest to the gateway's owner.

    SOURCE is a folder (default: gateway.d), or `git:REF`.
    """
    if only_check and output is None:
        raise UsageError("--check needs a file to compare", help="name it with --output")
    choice = chosen(source, revision)
    shown, folder = _places(choice, prefix)
    layout = Layout(
        shown,
        folder,
        (output and _inside(output)) or _USUAL,
        tuple(_owner(owner) for owner in default),
        dict(_team(team) for team in teams),
    )
    catalog = _catalog(choice, today)
    ours = block(catalog, layout)
    if output is None:
        click.echo(ours, nl=False)
    elif only_check:
        raise SystemExit(_compare(output, ours))
    else:
        _write(output, ours)
    _tell_of_shared(catalog, layout)


def _catalog(choice: SourceChoice, today: datetime | None) -> Catalog:
    """Read the files. A broken policy (AG3xx) does not change whose they are."""
    checked = check(choice, as_of(today), ask_git=False)
    errors = [found for found in checked.diagnostics if found.is_error]
    if any(not error.rule.code.startswith("AG3") for error in errors):
        raise InvalidConfig(errors)
    return checked.catalog


def _places(choice: SourceChoice, prefix: str | None) -> tuple[str, str]:
    """Return what starts the documents' paths, and what starts them in the repository."""
    inside = _inside(choice.folder)
    if choice.reference is None and not choice.folder.exists():
        raise UsageError(
            f"there is no folder {choice.folder}",
            help="name the folder with the reviewed files, such as gateway.d",
        )
    if inside is None and prefix is None:
        raise UsageError(
            f"{choice.folder} is not in a git repository",
            help="give its path in the repository with --prefix",
        )
    shown = shown_folder(choice.folder) if choice.reference is None else _slashed(inside or "")
    return shown, _slashed(inside or "" if prefix is None else prefix)


def _inside(path: Path) -> str | None:
    """Return a path from the root of its repository; None outside of one."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 (links are kept as people wrote them)
    roots = (above for above in (whole, *whole.parents) if (above / ".git").exists())
    root = next(roots, None)
    return whole.relative_to(root).as_posix() if root else None


def _slashed(path: str) -> str:
    stripped = path.strip("/")
    return "" if stripped in ("", ".") else f"{stripped}/"


def _owner(text: str) -> str:
    if not OWNER.fullmatch(text):
        raise UsageError(
            f"invalid owner {text!r}", help="use @user, @org/team or an e-mail address"
        )
    return text


def _team(text: str) -> tuple[str, str]:
    email, equals, name = text.partition("=")
    if not (equals and email):
        raise UsageError(f"invalid --team {text!r}", help="write it as web@example.com=@org/web")
    return email, _owner(name)


def _read(output: Path) -> str:
    try:
        return output.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{output} cannot be read", help="is it a text file?") from error


def _compare(output: Path, ours: str) -> ExitCode:
    existing = _read(output)
    if merged(existing, ours) != existing:
        click.echo(f"out of date: {output}")
        say(f"  = help: run `{_again()}`", on_stderr=True)
        return ExitCode.FAILED
    below = lines_after(existing)
    _tell_of_lines_below(output, below)
    return ExitCode.FAILED if below else ExitCode.DONE


def _again() -> str:
    """Return the command that was called, without `--check`."""
    context, words = click.get_current_context(), ["aspire-gitops", "codeowners"]
    for parameter in context.command.params:
        name = parameter.name or ""
        is_given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if not is_given or name == "only_check":
            continue
        value = context.params[name]
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(parameter, click.Option):
                words.append(parameter.opts[-1])
            words.append(f"{one:%Y-%m-%d}" if isinstance(one, datetime) else str(one))
    return shlex.join(words)


def _write(output: Path, ours: str) -> None:
    text = merged(_read(output), ours)
    click.echo(f"{'written' if write_file(output, text) else 'unchanged':<9} {output}")
    _tell_of_lines_below(output, lines_after(text))


def _tell_of_lines_below(output: Path, lines: Iterable[int]) -> None:
    for line in lines:
        click.echo(f"{output}:{line}: this line is below our block and overrides it", err=True)
        click.echo("  = help: move it above the block", err=True)


def _tell_of_shared(catalog: Catalog, layout: Layout) -> None:
    for file in owned_files(catalog, layout):
        if len(file.owners) > 1:
            told_on_stderr(
                f"{file.path} is shared: any one of {', '.join(file.owners)} may approve"
            )
