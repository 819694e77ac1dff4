"""Measure the shape of the code: how much one reads, and how often one jumps.

`make shape` prints the figures and fails beyond the aims below. Everything is counted from
syntax trees: an own import is one statement that imports a module of ours, wherever it stands.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import click

PACKAGES: Mapping[str, Path] = {
    "aspire_gitops": Path("src"),
    "aspire_ledger": Path("packages/aspire-ledger/src"),
}
PARAGRAPH = 60  # lines; a module of one importer that is no longer belongs into that importer
KINDS = "aspire_gitops.kinds"

MOST_IMPORTS = 2.8  # own imports for each 100 lines
MOST_PARAGRAPHS = 9
LONGEST_FUNCTION = 62
MOST_KIND_TESTS = 0


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its lines, its functions' lengths, and the modules of ours that it imports."""

    name: str
    lines: int
    functions: tuple[int, ...]
    imports: tuple[str, ...]  # one for each statement, by the module that it names
    imported: frozenset[str]  # modules, those named by `from package import module` included
    kind_tests: tuple[int, ...]  # lines that compare with a member of Kind
    is_package: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What is measured of some modules."""

    files: int
    lines: int
    functions: tuple[int, ...]  # lengths in lines, sorted
    imports: int
    paragraphs: tuple[str, ...]
    kind_tests: tuple[str, ...]  # `module:line`
    circle: tuple[str, ...]  # modules that import each other in a row, empty if none do

    @property
    def imports_per_100_lines(self) -> float:
        return 100 * self.imports / self.lines

    def misses(self) -> Iterator[str]:
        """Yield each aim that is missed, in words."""
        if self.imports_per_100_lines >= MOST_IMPORTS:
            yield f"{self.imports_per_100_lines:.2f} own imports per 100 lines; aim below {MOST_IMPORTS}"
        if len(self.paragraphs) > MOST_PARAGRAPHS:
            yield f"{len(self.paragraphs)} paragraphs that one module imports; aim below {MOST_PARAGRAPHS + 1}"
        if self.functions[-1] > LONGEST_FUNCTION:
            yield f"a function of {self.functions[-1]} lines; aim at most {LONGEST_FUNCTION}"
        if self.circle:
            yield f"modules import each other: {' → '.join(self.circle)}"
        if len(self.kind_tests) > MOST_KIND_TESTS:
            yield f"tests on Kind outside of {KINDS}: {', '.join(self.kind_tests)}"


def modules_in(packages: Mapping[str, Path]) -> tuple[Module, ...]:
    """Read every module below the packages' source folders."""
    paths = {
        _name(path.relative_to(source)): path
        for package, source in packages.items()
        for path in sorted((source / package).rglob("*.py"))
    }
    return tuple(_module(name, path, paths.keys()) for name, path in paths.items())


def shape_of(modules: Iterable[Module]) -> Shape:
    """Add the modules up."""
    found = tuple(modules)
    importers: dict[str, set[str]] = defaultdict(set)
    for module in found:
        for name in module.imported:
            importers[name].add(module.name)
    return Shape(
        files=len(found),
        lines=sum(module.lines for module in found),
        functions=tuple(sorted(length for module in found for length in module.functions)),
        imports=sum(len(module.imports) for module in found),
        paragraphs=tuple(
            module.name
            for module in found
            if module.lines <= PARAGRAPH
            and not module.is_package
            and len(importers[module.name]) == 1
        ),
        kind_tests=tuple(
            f"{module.name}:{line}"
            for module in found
            if not f"{module.name}.".startswith(f"{KINDS}.")
            for line in module.kind_tests
        ),
        circle=_circle(found),
    )


def _circle(modules: Iterable[Module]) -> tuple[str, ...]:
    graph = {module.name: module.imported for module in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module(name: str, path: Path, known: Iterable[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    ours = tuple(f"{package}." for package in PACKAGES)
    statements = [
        (module, names)
        for node in ast.walk(tree)
        for module, names in _imports(node)
        if f"{module}.".startswith(ours)
    ]
    whole = frozenset(known)
    imported = {
        f"{module}.{one}" if f"{module}.{one}" in whole else module
        for module, names in statements
        for one in names or ("",)
    }
    return Module(
        name=name,
        lines=len(text.splitlines()),
        functions=tuple(
            (node.end_lineno or node.lineno) - node.lineno + 1
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        imports=tuple(module for module, _ in statements),
        imported=frozenset(imported),
        kind_tests=tuple(sorted(_kind_tests(tree))),
        is_package=path.name == "__init__.py",
    )


def _imports(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module, tuple(alias.name for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from ((alias.name, ()) for alias in node.names)


def _kind_tests(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(
            map(_is_member_of_kind, (node.left, *node.comparators))
        ):
            yield node.lineno


def _is_member_of_kind(node: ast.AST) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_is_member_of_kind, node.elts))
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Kind"
        and node.attr.isupper()
    )


def table(shapes: Mapping[str, Shape]) -> str:
    """Return the figures as a Markdown table, a row for each name."""
    head = "| | files | lines | function median / p90 / max | own imports per 100 lines | paragraphs | tests on Kind |"
    rule = "|---|--:|--:|--:|--:|--:|--:|"
    return "\n".join([head, rule, *(_row(name, shape) for name, shape in shapes.items())])


def _row(name: str, shape: Shape) -> str:
    lengths = shape.functions
    sizes = f"{median(lengths):g} / {lengths[int(0.9 * len(lengths))]} / {lengths[-1]}"
    return (
        f"| {name} | {shape.files} | {shape.lines:,} | {sizes} | {shape.imports_per_100_lines:.2f}"
        f" | {len(shape.paragraphs)} | {len(shape.kind_tests)} |"
    )


def main() -> int:
    """Print the figures of each package and of both; return 1 if both together miss an aim."""
    shapes = {
        package: shape_of(modules_in({package: source})) for package, source in PACKAGES.items()
    }
    whole = shape_of(modules_in(PACKAGES))
    click.echo(table({**shapes, "both": whole}))
    for name in whole.paragraphs:
        click.echo(f"paragraph: {name}")
    missed = list(whole.misses())
    for sentence in missed:
        click.echo(f"missed: {sentence}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
