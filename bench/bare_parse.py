"""Parse every file of a folder with libyaml and do nothing else: what validate is measured against.

`events` hands each of the parser's events to Python, the least that anybody
must do who wants to know what a file says. `libyaml` stays in C and hands over
nothing. `safe_load` is what most Python programs do.

    python bench/bare_parse.py FOLDER [events|libyaml|safe_load]
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping

from yaml import CSafeLoader, load
from yaml.cyaml import CParser


def _events(content: bytes) -> None:
    next_event = CParser(content).get_event
    while next_event() is not None:
        pass


def _libyaml(content: bytes) -> None:
    CParser(content).raw_parse()


def _safe_load(content: bytes) -> None:
    load(content, Loader=CSafeLoader)


WAYS: Mapping[str, Callable[[bytes], None]] = {
    "events": _events,
    "libyaml": _libyaml,
    "safe_load": _safe_load,
}


def _paths(folder: str) -> Iterator[str]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _paths(entry.path)
        else:
            yield entry.path


def main(folder: str, way: str = "events") -> None:
    """Parse the files, one after the other, in one process."""
    parse = WAYS[way]
    for path in _paths(folder):
        with open(path, "rb") as file:  # noqa: PTH123 (the quickest there is: this is the yardstick)
            parse(file.read())


if __name__ == "__main__":
    main(*sys.argv[1:])
