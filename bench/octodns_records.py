"""Write the same number of DNS records for octoDNS, which does for DNS what we do for a gateway.

Zones of a hundred records; source and target are octoDNS's own YamlProvider,
and one record in a hundred differs between them.

    python bench/octodns_records.py FOLDER --count 10000
"""

from collections.abc import Iterator
from pathlib import Path

import click

RECORDS_IN_A_ZONE = 100


def zones(count: int) -> Iterator[tuple[str, range]]:
    """Yield each zone's name and the numbers of its records."""
    for first in range(0, count, RECORDS_IN_A_ZONE):
        numbers = range(first, min(first + RECORDS_IN_A_ZONE, count))
        yield f"zone-{first // RECORDS_IN_A_ZONE:04}.example.", numbers


def _zone_file(numbers: range, *, live: bool) -> str:
    return "---\n" + "".join(_record(number, live=live) for number in numbers)


def _record(number: int, *, live: bool) -> str:
    # As small as a record can be: nobody shall say that octoDNS was given more to do.
    ttl = 300 if live and number % 100 == 7 else 3600
    return f"""\
host-{number:05}:
  ttl: {ttl}
  type: A
  value: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}
"""


def write(folder: Path, count: int) -> Path:
    """Write both sides and the configuration below `folder`; return the configuration's path."""
    lines = ["---", "providers:"]
    for side in ("source", "target"):
        (folder / side).mkdir(parents=True)
        lines += [f"  {side}:", "    class: octodns.provider.yaml.YamlProvider"]
        lines += [f"    directory: {folder / side}", "    default_ttl: 3600"]
    lines.append("zones:")
    for name, numbers in zones(count):
        lines += [f"  {name}:", "    sources: [source]", "    targets: [target]"]
        for side in ("source", "target"):
            text = _zone_file(numbers, live=side == "target")
            (folder / side / f"{name}yaml").write_text(text, encoding="utf-8")
    config = folder / "config.yaml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return config


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(min=1), default=1000, show_default=True)
def main(folder: Path, count: int) -> None:
    """Write COUNT records, twice, and octoDNS's configuration into FOLDER."""
    write(folder.absolute(), count)


if __name__ == "__main__":
    main()
