"""Files that a pull request may bring to hang whoever checks it: generated worst cases, and mutants.

Everything is made from a seed, so a case that fails can be made again by its name.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from support.worked_example import GATEWAY_D

Files = Mapping[str, bytes]
"""Content by path below gateway.d."""

_SIZE = 200_000  # bytes of one hostile file: near the limit of a file
_FILES = 3000
_KEY = "sk-ant-api03-{:04d}Zx9Kq2Lw7Vb4Nm8Rt5Yp1"


def worked_example() -> dict[str, bytes]:
    """Return the files of gateway.d, by path below it."""
    found = sorted(GATEWAY_D.rglob("*.yaml"))
    return {path.relative_to(GATEWAY_D).as_posix(): path.read_bytes() for path in found}


def app(name: str, aliases: str = "[qwen-chat]", more: str = "", keys: str = "") -> bytes:
    """Return an App that is valid as long as `aliases`, `more` and `keys` are."""
    keys = keys or "  - {name: default, deliver: file}\n"
    return (
        f"kind: App\nname: {name}\nowner: a@example.com\nbudget: agents\n"
        f"aliases: {aliases}\n{more}keys:\n{keys}"
    ).encode()


def alias(name: str, more: str) -> bytes:
    """Return an Alias that is valid as long as `more` is."""
    return (
        f"kind: Alias\nname: {name}\nmode: chat\ntarget: {{provider: cloud-first, model: m}}\n"
        'price: {input_usd_per_million_tokens: "1", output_usd_per_million_tokens: "1"}\n'
        f"context_window_tokens: 1000\nmax_output_tokens: 100\n{more}"
    ).encode()


def _repeated(piece: str, *, size: int = _SIZE) -> bytes:
    return (piece * (size // len(piece.encode()))).encode()


def _numbered(form: str, count: int, between: str = "") -> str:
    return between.join(form.format(number) for number in range(count))


def _one_app(**parts: str) -> Files:
    return {"apps/big.yaml": app("big", **parts)}


def _one_alias(more: str) -> Files:
    return {"aliases/big.yaml": alias("big", more)}


def _many(folder: str, content: Callable[[str], bytes], count: int = _FILES) -> Files:
    return {f"{folder}/n{n}.yaml": content(f"n{n}") for n in range(count)}


def _keys(form: str, count: int) -> str:
    return _numbered(f"  - {{{{name: {form}, deliver: file}}}}\n", count)


_CLEAN_KEY = "  - {{name: k{}, deliver: file}}\n"


def clean_file(size: int) -> Files:
    """Return one valid App of about `size` bytes."""
    return {"apps/big.yaml": app("big", keys=_numbered(_CLEAN_KEY, max(1, size // 32)))}


def clean_folder(count: int) -> Files:
    """Return `count` valid Apps."""
    return _many("apps", app, count)


def _aliases_in_rotation() -> Files:
    """Nine big valid aliases, and apps whose needs name a place in one after the other."""
    bulk = "parameters: {stop: [" + "a, " * 20_000 + "a]}\n"
    named = [f"big{n}" for n in range(9)]
    made = {f"aliases/{name}.yaml": alias(name, bulk) for name in named}
    for n in range(1000):
        name = named[n % 9]
        need = f"needs: {{{name}: {{max_output_tokens: 9999}}}}\n"
        made[f"apps/n{n}.yaml"] = app(f"n{n}", f"[{name}]", need)
    return made


WORST: Mapping[str, Callable[[], Files]] = {
    "8,000 lines of a tab": lambda: {"apps/big.yaml": b"\tk: v\n" * 8000},
    "200 KB of tabs before keys": lambda: {"apps/big.yaml": _repeated("\tk: v\n")},
    "200 KB of tabs": lambda: {"apps/big.yaml": _repeated("\t")},
    "200 KB of tabs and letters in one line": lambda: {"apps/big.yaml": _repeated("\tabc")},
    "200 KB of invisible characters": lambda: {"apps/big.yaml": _repeated("a\u200b")},
    "6,000 unknown keys": lambda: _one_app(more=_numbered("unknown_{}: 1\n", 6000)),
    "6,000 unknown keys and one missing": lambda: {
        "apps/big.yaml": b"kind: App\nname: big\n" + _numbered("owne{}: 1\n", 6000).encode()
    },
    "6,000 duplicate keys": lambda: _one_app(more="budget: agents\n" * 6000),
    "6,000 keys twice": lambda: _one_app(more=_numbered("k{}: 1\n", 6000) * 2),
    "6,000 wrong references": lambda: _one_app(
        aliases=f"[{_numbered('qwen-chaat{}', 6000, ', ')}]"
    ),
    "6,000 wrong references beside 300 aliases": lambda: {
        **_many("aliases", lambda name: alias(name, ""), 300),
        **_one_app(aliases=f"[{_numbered('n{}x', 6000, ', ')}]"),
    },
    "6,000 needs of no listed alias": lambda: _one_app(
        aliases=f"[{_numbered('n{}', 3000, ', ')}]",
        more="needs:\n" + _numbered("  m{}: {{}}\n", 6000),
    ),
    "4,000 needs of listed aliases": lambda: _one_app(
        aliases=f"[{_numbered('n{}', 4000, ', ')}]",
        more="needs:\n" + _numbered("  n{}: {{}}\n", 4000),
    ),
    "nine big aliases in rotation": _aliases_in_rotation,
    "6,000 unknown parameters": lambda: _one_alias(
        "parameters:\n" + _numbered("  temperatur_{}: 1\n", 6000)
    ),
    "6,000 forbidden parameters": lambda: _one_alias(
        "parameters:\n" + _numbered("  x_cost_{}: 1\n", 6000)
    ),
    "6,000 forbidden keys anywhere": lambda: _one_alias("wrong:\n" + "  - {fallbacks: 1}\n" * 6000),
    "6,000 parameters let through": lambda: _one_alias(
        "parameters:\n  allowed_openai_params:\n" + _numbered("    - temperatur{}\n", 6000)
    ),
    "6,000 nested parameters": lambda: _one_alias(
        "parameters:\n  response_format:\n" + _numbered("    typ{}: 1\n", 6000)
    ),
    "6,000 secrets stored elsewhere": lambda: _one_alias(
        "parameters:\n  stop:\n" + _numbered("    - os.environ/K{}\n", 6000)
    ),
    "4,000 keys of one name": lambda: _one_app(keys=_keys("default", 4000)),
    "3,000 paths in an app": lambda: _one_app(
        keys=_numbered("  - {{name: k{0}, deliver: {{file: /srv/k{0}}}}}\n", 3000)
    ),
    "4,000 keys without delivery": lambda: _one_app(keys=_numbered("  - {{name: k{}}}\n", 4000)),
    "2,000 Deliveries of missing keys": lambda: {
        **_one_app(keys=_keys("k{}", 2000)),
        **_many(
            "deliveries",
            lambda n: f"kind: Delivery\nname: {n}\napp: big\nkey: {n}\nfile: /srv/{n}\n".encode(),
            2000,
        ),
    },
    "50,000 numbers for aliases": lambda: _one_app(aliases=f"[{'1, ' * 50_000}1]"),
    "50,000 items of mixed types": lambda: _one_app(aliases=f"[{'1, a, [], {}, ' * 12_500}1]"),
    "30,000 empty mappings for keys": lambda: _one_app(keys="  - {}\n" * 30_000),
    "30,000 equal aliases": lambda: _one_app(aliases=f"[{'a, ' * 30_000}a]"),
    "30,000 numbers with a zero": lambda: _one_app(aliases=f"[{'010, ' * 30_000}1]"),
    "a number of 200 KB": lambda: _one_app(
        more=f"limits: {{requests_per_minute: 0x{'f' * _SIZE}}}\n"
    ),
    "a decimal of 200 KB": lambda: _one_app(
        more=f"limits: {{requests_per_minute: 1.{'1' * _SIZE}}}\n"
    ),
    "a line of 1 MB": lambda: {"apps/big.yaml": b"name: " + b"x" * 1_000_000},
    "a name of 200 KB": lambda: {"apps/big.yaml": b"kind: App\nname: " + b"x" * _SIZE},
    "a kind of 200 KB": lambda: {"apps/big.yaml": b"kind: " + b"x" * _SIZE},
    "a key of 200 KB": lambda: {"apps/big.yaml": b"kind: App\n? " + b"x" * _SIZE + b"\n: 1\n"},
    "a key of 100 KB around 3,000 keys": lambda: {
        "apps/big.yaml": b"kind: App\nneeds:\n ? "
        + b"x" * 100_000
        + b"\n :\n"
        + _numbered("  k{}: 1\n", 3000).encode()
    },
    "an alias bomb": lambda: {
        "apps/big.yaml": b"a0: &a0 [x, x]\n"
        + _numbered("a{0}: &a{0} [*a0, *a0, *a0]\n", 5000).encode()
    },
    "20,000 anchors": lambda: {"apps/big.yaml": b"kind: App\nx:\n" + _repeated("- &a 1\n")},
    "20,000 tags": lambda: {"apps/big.yaml": b"kind: App\nx:\n" + _repeated("- !a 1\n")},
    "100,000 brackets": lambda: {"apps/big.yaml": b"[" * 100_000},
    "50,000 braces": lambda: {"apps/big.yaml": b"{a: " * 50_000},
    "50,000 dashes": lambda: {"apps/big.yaml": b"- " * 50_000},
    "50,000 questions": lambda: {"apps/big.yaml": b"? " * 50_000},
    "keys that are not text": lambda: {
        "apps/big.yaml": b"kind: App\n" + _numbered("{}: 1\n", 20_000).encode()
    },
    "12,000 documents": lambda: {"apps/big.yaml": b"---\nkind: App\n" * 12_000},
    "200 KB of comment": lambda: {"apps/big.yaml": app("big") + b"#" * _SIZE},
    "5,000 secrets, one a line": lambda: {
        "apps/big.yaml": app("big", more=_numbered(f"# {_KEY}\n", 5000))
    },
    "4,000 secrets in one line": lambda: {
        "apps/big.yaml": app("big", more=f"# {_numbered(_KEY, 4000, ' ')}\n")
    },
    "6,000 random pieces in one run": lambda: {
        "apps/big.yaml": app("big", more="# " + "a1B2c3D4e5F6g7H8i9J0k1L2-" * 6000 + "\n")
    },
    "6,000 beginnings of a web token": lambda: {
        "apps/big.yaml": app("big", more="# " + "eyJaaaaaaaaaaaaaaaa-" * 8000 + "\n")
    },
    "7,000 beginnings of a private key": lambda: {
        "apps/big.yaml": app("big", more="# -----BEGIN PRIVATE KEY-----\n" * 6500)
    },
    "4,000 unknown keys with secrets in one line": lambda: {
        "apps/big.yaml": app(
            "big",
            more="x: {" + _numbered(f"k{{}}: {_KEY.replace('{:04d}', '')}", 3500, ", ") + "}\n",
        )
    },
    "4,000 half-open quotes": lambda: {"apps/big.yaml": b"kind: App\nx: [" + b'"a\n' * 50_000},
    "200 KB of bytes that are not UTF-8": lambda: {
        "apps/big.yaml": b"kind: App\n" + b"\xe9" * _SIZE
    },
    "3,000 files with an unknown key": lambda: _many("apps", lambda n: app(n, more="wrong: 1\n")),
    "3,000 files with a wrong reference": lambda: _many("apps", lambda n: app(n, f"[{n}]")),
    "3,000 files with a tab": lambda: _many("apps", lambda n: app(n, more="# \t\n")),
    "3,000 files that do not parse": lambda: _many("apps", lambda _: b"a: [\n"),
    "3,000 files of no kind": lambda: _many("apps", lambda _: b"name: x\n"),
    "3,000 empty files": lambda: _many("apps", lambda _: b""),
    "3,000 files that are not UTF-8": lambda: _many("apps", lambda _: b"name: \xe9\n"),
    "3,000 files of one name": lambda: _many("apps", lambda _: app("same")),
    "3,000 files with a secret": lambda: _many(
        "apps", lambda n: app(n, more=f"# {_KEY.format(1)}\n")
    ),
    "3,000 Gateways": lambda: _many("g", lambda _: worked_example()["gateway.yaml"]),
    "3,000 unused aliases": lambda: _many("aliases", lambda n: alias(n, "")),
}
"""What is wrong, and the files that are added to those of the worked example."""


MUTANTS = 2000
_SEED = 20261123
_LARGEST_MUTANT = 200_000  # bytes


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file of the worked example, changed. Its number makes it again."""

    number: int
    how: str
    path: str
    content: bytes

    def __str__(self) -> str:
        return f"mutant {self.number}: {self.how} in {self.path} ({len(self.content):,} bytes)"


def mutants(numbers: range) -> Iterator[Mutant]:
    """Yield the mutants of these numbers; each is made from its number alone."""
    files = worked_example()
    ways = list(_WAYS.items())
    for number in numbers:
        draw = random.Random(f"{_SEED} {number}")
        path = draw.choice(sorted(files))
        content = files[path]
        names: list[str] = []
        for _ in range(draw.choice((1, 1, 2, 3))):
            name, way = ways[number % len(ways)] if not names else draw.choice(ways)
            content = way(content, draw)[:_LARGEST_MUTANT]
            names.append(name)
        yield Mutant(number, ", ".join(names), path, content)


_Way = Callable[[bytes, random.Random], bytes]


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True) or [b"\n"]


def _inserted(content: bytes, draw: random.Random, piece: bytes) -> bytes:
    lines = _lines(content)
    at = draw.randrange(len(lines) + 1)
    return b"".join((*lines[:at], piece, *lines[at:]))


def _times(draw: random.Random) -> int:
    return draw.choice((3, 100, 3000, 20_000))


def _flipped(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 5, 200))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut_out(content: bytes, draw: random.Random) -> bytes:
    start, end = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    return content[:start] + content[end:] or b"\n"


def _line_repeated(content: bytes, draw: random.Random) -> bytes:
    return _inserted(content, draw, draw.choice(_lines(content)) * _times(draw))


def _block_repeated(content: bytes, draw: random.Random) -> bytes:
    return content * draw.choice((2, 50, 500))


def _tabs(content: bytes, draw: random.Random) -> bytes:
    if draw.random() < 0.5:
        return content.replace(b"  ", b"\t")
    return _inserted(content, draw, b"\tk: v\n" * _times(draw))


def _deep(content: bytes, draw: random.Random) -> bytes:
    depth = draw.choice((10, 17, 500, 20_000))
    opening, closing = draw.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"- ", b""), (b"? ", b"")))
    return _inserted(content, draw, b"x: " + opening * depth + b"1" + closing * depth + b"\n")


def _indented(content: bytes, draw: random.Random) -> bytes:
    depth = draw.choice((10, 17, 400))
    return _inserted(content, draw, b"".join(b" " * n + b"k:\n" for n in range(depth)))


def _aliases_of_anchors(content: bytes, draw: random.Random) -> bytes:
    count = _times(draw)
    inner = b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n + 1, n + 1, n, n) for n in range(count))
    return _inserted(content, draw, b"a0: &a0 [x, x]\n" + inner)


def _huge_scalar(content: bytes, draw: random.Random) -> bytes:
    letter = draw.choice(
        (b"x", b"9", b"a b ", b"\\", b"'", b'"', b"#", b": ", b"\xc3\xa9", b"A1b2-")
    )
    quote = draw.choice((b"", b'"', b"'"))
    name = draw.choice((b"name", b"kind", b"owner", b"url", b"description", b"x_cost", b"timezone"))
    return _inserted(content, draw, name + b": " + quote + letter * _times(draw) + quote + b"\n")


def _long_line(content: bytes, draw: random.Random) -> bytes:
    joined = b" ".join(content.split(b"\n")) if draw.random() < 0.5 else content
    return _inserted(joined, draw, b"k: " + b"[1, a, {b: c}], " * _times(draw) + b"\n")


def _unknown_keys(content: bytes, draw: random.Random) -> bytes:
    indent = b" " * draw.choice((0, 2, 4))
    return _inserted(
        content, draw, b"".join(indent + b"key_%d: 1\n" % n for n in range(_times(draw)))
    )


def _duplicate_keys(content: bytes, draw: random.Random) -> bytes:
    keys = [line for line in _lines(content) if b":" in line]
    return content + b"".join(draw.choice(keys or [b"a: 1\n"]) for _ in range(_times(draw)))


def _encoding(content: bytes, draw: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    name = draw.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7", "latin-1", "cp037", "utf-16-le"))
    return text.encode(name, "replace")


def _invisible(content: bytes, draw: random.Random) -> bytes:
    text = draw.choice("\u200b\u202e\ufeff\u2028\x00\x1b\r\x85") * _times(draw)
    return _inserted(content, draw, text.encode())


def _secrets(content: bytes, draw: random.Random) -> bytes:
    between = draw.choice((" ", "\n# ", "-", ", "))
    piece = draw.choice((_KEY, "a1B2c3D4e5F6g7H8i9J0k1L2{}", "eyJaaaaaaaaaaaa{}", "://u:{}"))
    return _inserted(content, draw, f"# {_numbered(piece, _times(draw), between)}\n".encode())


def _items(content: bytes, draw: random.Random) -> bytes:
    name = draw.choice((b"aliases", b"keys", b"capabilities", b"warn_at_percent", b"parameters"))
    item = draw.choice((b"1, ", b"{}, ", b"[], ", b"a, ", b"010, ", b"~, ", b"!a b, ", b"&a 1, "))
    return _inserted(content, draw, name + b": [" + item * _times(draw) + b"]\n")


_WAYS: Mapping[str, _Way] = {
    "flipped bytes": _flipped,
    "a piece cut out": _cut_out,
    "a line repeated": _line_repeated,
    "the file repeated": _block_repeated,
    "tabs": _tabs,
    "deep nesting": _deep,
    "deep indentation": _indented,
    "aliases of anchors": _aliases_of_anchors,
    "a huge scalar": _huge_scalar,
    "a long line": _long_line,
    "unknown keys": _unknown_keys,
    "duplicate keys": _duplicate_keys,
    "another encoding": _encoding,
    "invisible characters": _invisible,
    "secrets": _secrets,
    "items of a wrong type": _items,
}
