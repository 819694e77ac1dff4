"""Folders whose files belong to somebody by CODEOWNERS hold one kind each, and Deliveries no other.

CODEOWNERS works by file: whoever alone may approve a change of an app's file could
else turn it into a provider, or into a path on the controller's host.
"""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.resources import ResourceKind, ResourceSpec

MISPLACED_FILE = Rule("AG337", "misplaced-file")

_FOLDERS = {
    "apps": ResourceKind.APP,
    "budgets": ResourceKind.BUDGET,
    "deliveries": ResourceKind.DELIVERY,
}


def check_folders(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG337 for each resource that stands in a folder of another kind, beside the Gateway."""
    if catalog.gateway is None:
        return  # which is told elsewhere, and nobody knows where the folders are
    root = catalog.gateway.document.path.rpartition("/")[0]
    start = f"{root}/" if root else ""
    for item in (*catalog, *catalog.repeated):
        kind = ResourceKind(item.document.value["kind"])
        folder, slash, _ = item.document.path.removeprefix(start).partition("/")
        wanted = _FOLDERS.get(folder) if slash else None
        if kind is ResourceKind.DELIVERY and wanted is not kind:
            yield _misplaced(item, kind, f"{start}deliveries/{item.name}.yaml")
        elif wanted not in {None, kind}:
            usual = "aliases" if kind is ResourceKind.ALIAS else f"{kind.lower()}s"
            yield _misplaced(item, kind, f"{start}{usual}/{item.name}.yaml")


def _misplaced(item: Declared[ResourceSpec], kind: ResourceKind, path: str) -> Diagnostic:
    what = f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
    return MISPLACED_FILE.at(
        item.span("kind"),
        f"{what} stands here, where somebody else may be asked to review it than for {what}",
        help=f'move the file to "{path}"',
    )
