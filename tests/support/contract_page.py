"""Write docs/reference/request-contract.md from the contract table: `python -m support.contract_page`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from aspire_ledger.contract import CONTRACTS, EXTENSIONS, Contract
from aspire_ledger.shapes import Effect, Parameter

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "request-contract.md"

_HEAD = """\
# The request contract

What a call may say. Written by `make golden` from the table that the guard judges by (`aspire_ledger/contract.py`).
A parameter that is not here is refused with 400 and its name; null and empty values count as absent.
Each path is served with and without `/v1`.
[Security](../explain/security.md) says what happens to paths, queries and headers.
"""
_EXTENSIONS = """
## Extensions

What vendors add to the protocols. An alias takes one if its file lists it in `allow_parameters`, on every kind of call.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *map(_section, CONTRACTS), _EXTENSIONS, _table(EXTENSIONS), ""])


def _section(contract: Contract) -> str:
    return "\n".join(
        [f"## {contract.name}", "", *_facts(contract), "", _table(contract.parameters)]
    )


def _facts(contract: Contract) -> Iterator[str]:
    paths = ", ".join(f"`/v1{path}`" for path in contract.paths)
    modes = ", ".join(f"`{mode}`" for mode in sorted(contract.modes))
    yield f"- Path: {paths}; aliases of mode {modes}; {'counted' if contract.counted else 'free'}."
    if contract.limits:
        names = " or ".join(f"`{name}`" for name in contract.limits)
        yield f"- One answer is limited by {names}: lowered to the alias's `max_output_tokens`, and written where it is absent."
    if contract.required:
        yield f"- Required: {', '.join(f'`{name}`' for name in contract.required)}."
    if contract.removed:
        names = ", ".join(f"`{name}`" for name in sorted(contract.removed))
        yield f"- Taken out, because it reaches nobody: {names}."
    queries = ", ".join(f"`{name}`" for name in sorted(contract.queries))
    yield f"- Query parameters: {queries or 'none'}."


def _table(parameters: Mapping[str, Parameter]) -> str:
    rows = [_row(name, parameter) for name, parameter in sorted(parameters.items())]
    if not rows:
        return "No parameters.\n"
    return "\n".join(
        ["| parameter | value | what it does to the cost |", "| --- | --- | --- |", *rows, ""]
    )


def _row(name: str, parameter: Parameter) -> str:
    value = parameter.shape.value
    if parameter.values:
        value += f": {', '.join(sorted(parameter.values))}; others with `allow_parameters`"
    effect = "nothing" if parameter.effect is Effect.NONE else parameter.effect.value
    return f"| `{name}` | {value} | {effect} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
