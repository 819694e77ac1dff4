"""Write the snapshot of a gateway to which a folder was applied, without a gateway.

python bench/stored_snapshot.py FOLDER SNAPSHOT
"""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
from documents import TODAY

from aspire_gitops.codec.snapshot_writer import snapshot_json
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.kinds import next_address
from aspire_gitops.loading import load
from aspire_gitops.planning import marked
from aspire_gitops.sources import DirectorySource
from aspire_gitops.state import Compiled, GatewayObject, Intent, Snapshot
from aspire_gitops.validation import validate

OWNER = "aspire-gitops"


def compiled_from(folder: Path) -> Compiled:
    """Compile the folder as of `TODAY`."""
    today = date.fromisoformat(TODAY)
    tree = DirectorySource(folder, ask_git=False).read()
    validated = validate(load(tree), tree.revision, today=today)
    if not validated.ok:
        raise click.ClickException(f"{folder}: {validated.diagnostics[0]}")
    return compile_catalog(validated.catalog, today=today)


def as_applied(compiled: Compiled) -> Snapshot:
    """Return what an empty gateway holds after `compiled` was applied to it."""
    return Snapshot(
        gateway_url=compiled.gateway.url,
        litellm_version=compiled.gateway.litellm_version,
        taken_at=datetime.fromisoformat(TODAY).replace(tzinfo=UTC),
        objects=tuple(_live(item, compiled) for item in compiled.objects.values()),
    )


def _live(item: GatewayObject, compiled: Compiled) -> GatewayObject:
    intent = compiled.intents.get(item.key, Intent())
    live = marked(item, intent, owner=OWNER, revision=str(compiled.revision), evidence=None)
    key_hash = hashlib.sha256(item.key.name.encode()).hexdigest()
    return replace(live, address=next_address(item.key, ()) or key_hash)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.argument("snapshot", type=click.Path(path_type=Path))
def main(folder: Path, snapshot: Path) -> None:
    """Write to SNAPSHOT what a gateway holds after FOLDER was applied."""
    text = snapshot_json(as_applied(compiled_from(folder)), owner=OWNER)
    snapshot.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
