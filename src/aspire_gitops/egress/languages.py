"""Which language a file is in, by its name or, failing that, its first line."""

import re
from collections.abc import Mapping

_BY_SUFFIX: Mapping[str, str] = {
    **dict.fromkeys((".py", ".pyw"), "python"),
    ".ipynb": "notebook",
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), "javascript"),
    **dict.fromkeys((".ts", ".mts", ".cts"), "typescript"),
    ".tsx": "tsx",
    **dict.fromkeys((".vue", ".svelte", ".astro"), "component"),
    **dict.fromkeys((".php", ".phtml"), "php"),
    ".go": "go",
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".envrc", ".mk"), "shell"),
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    ".dockerfile": "dockerfile",
    **dict.fromkeys(
        (".toml", ".json", ".jsonc", ".json5", ".ini", ".cfg", ".conf", ".properties", ".tf", ".tfvars", ".hcl"),
        "config",
    ),
}  # fmt: skip
_BY_NAME: Mapping[str, str] = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "shell",
    "procfile": "shell",
    "justfile": "shell",
    "jenkinsfile": "shell",
    "caddyfile": "config",
    ".npmrc": "config",
}
_ENV_NAME = re.compile(r"(?i)(?:^|[._-])env(?:$|\.[\w.-]+$)|\.env$")
_SHEBANG = re.compile(rb"#!.*\b(python|node|deno|bun|php|sh|bash|zsh|dash|ksh)[0-9.]*\b")
_OF_PROGRAM = {
    "python": "python",
    "node": "javascript",
    "deno": "typescript",
    "bun": "typescript",
    "php": "php",
}
_LOCK_FILES = frozenset(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock uv.lock pdm.lock "
    "pipfile.lock composer.lock go.sum cargo.lock gemfile.lock deno.lock flake.lock".split()
)
_TEST_PATH = re.compile(
    r"(?i)(?:^|/)(?:tests?|__tests__|__mocks__|__snapshots__|specs?|(?:__)?fixtures?(?:__)?|testdata|testing|e2e|cypress|mocks?|cassettes|(?:test|mock)[-_](?:helpers?|utils?|support|data))/"
    r"|(?:^|/)(?:test_[^/]*\.py|[^/]*_test\.(?:py|go)|conftest\.py|[^/]*Tests?\.php|[^/]*\.(?:test|spec|e2e)\.[cm]?[jt]sx?)$"
)
CODE = frozenset(
    {"python", "notebook", "javascript", "typescript", "tsx", "component", "php", "go"}
)
"""Languages in which apps make clients."""

TEXT = "text"
"""Any other file: only searched for keys."""


def language_of(path: str, head: bytes = b"") -> str:
    """Return the language of a file; `head` is how it starts."""
    name = path.rpartition("/")[2].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    dot = name.rfind(".")
    suffix = name[dot:] if dot >= 0 else ""
    if suffix in _BY_SUFFIX and not name.endswith((".d.ts", ".d.mts", ".d.cts")):
        return _BY_SUFFIX[suffix]
    if _ENV_NAME.search(name):
        return "env"
    if dot <= 0 and (match := _SHEBANG.match(head)):
        return _OF_PROGRAM.get(match[1].decode(), "shell")
    return TEXT


def is_lock_file(path: str) -> bool:
    """Return whether a package manager writes the file: it names addresses that nothing calls."""
    return path.rpartition("/")[2].lower() in _LOCK_FILES


def is_reviewed(path: str) -> bool:
    """Return whether a file is one of the gateway's own, which have to name providers."""
    return "gateway.d" in path.split("/")[:-1]


def is_test(path: str, language: str) -> bool:
    """Return whether a file of code is a test: doubles and recorded calls name providers on purpose."""
    return language in CODE and bool(_TEST_PATH.search(path))
