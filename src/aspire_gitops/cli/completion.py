"""`aspire-gitops completion`: print a shell completion script."""

import click
from click.shell_completion import get_completion_class

_PROGRAM, _VARIABLE = "aspire-gitops", "_ASPIRE_GITOPS_COMPLETE"
_EPILOG = """\b
Put the script where the shell looks for it:
  bash  aspire-gitops completion bash >> ~/.bashrc
  zsh   aspire-gitops completion zsh >> ~/.zshrc
  fish  aspire-gitops completion fish > ~/.config/fish/completions/aspire-gitops.fish
"""


@click.command(name="completion", short_help="Print the shell's completion script.", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL."""
    found = get_completion_class(shell)
    if found is None:
        raise TypeError(f"click has no completion for {shell}")
    root = ctx.find_root().command
    click.echo(found(root, {}, _PROGRAM, _VARIABLE).source())
