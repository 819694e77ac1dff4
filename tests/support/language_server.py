"""An editor's side of the YAML language server: what VS Code, Neovim and others run.

The server is installed from npm once, into the cache that sandboxes use, at the
versions of `language_server_packages/package-lock.json`.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aspire_gitops.sandbox.cache import cached, digest
from aspire_gitops.sandbox.install import install_locked
from aspire_gitops.sandbox.node import find_node

_PACKAGES = Path(__file__).parent / "language_server_packages"
_NAMES = ("package.json", "package-lock.json")


def installed() -> Path:
    """Return the program, after an `npm ci` of some ten seconds if the cache has none."""
    name = f"language-server-{digest(*((_PACKAGES / name).read_text() for name in _NAMES))}"
    folder = cached(name, "the YAML language server", _fill, progress=lambda _: None)
    return folder / "node_modules" / ".bin" / "yaml-language-server"


def _fill(folder: Path, log: Path) -> None:
    for name in _NAMES:
        (folder / name).write_bytes((_PACKAGES / name).read_bytes())
    install_locked(folder, log)


class Editor:
    """Opens texts as files of a work tree, and asks what an editor asks."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", root: Path, settings: Mapping[str, Any]
    ) -> None:
        self._process = process
        self._settings = settings
        self.root = root
        self._last_id = 0
        self._is_configured = False
        self._diagnostics: dict[str, list[Any]] = {}
        self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
                },
            },
        )
        self._send({"method": "initialized", "params": {}})
        while not self._is_configured:
            self._receive()

    def open(self, path: str, text: str) -> str:
        """Open a file that need not exist. Returns its address."""
        uri = (self.root / path).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return uri

    def mistakes(self, path: str, text: str) -> list[tuple[int, str]]:
        """Return the line (from 1) and the message of each mistake that the editor underlines."""
        uri = self.open(path, text)
        while uri not in self._diagnostics:
            self._receive()
        found = self._diagnostics[uri]
        return [(item["range"]["start"]["line"] + 1, item["message"]) for item in found]

    def completions(self, path: str, text: str) -> list[str]:
        """Return what is offered at the end of the text."""
        lines = text.split("\n")
        place = {"line": len(lines) - 1, "character": len(lines[-1])}
        document = {"uri": self.open(path, text)}
        reply = self._ask("textDocument/completion", {"textDocument": document, "position": place})
        return [item["label"] for item in reply["items"]]

    def hover(self, path: str, text: str, line: int) -> str:
        """Return what is shown for the word that starts a line (from 1)."""
        document = {"uri": self.open(path, text)}
        place = {"line": line - 1, "character": 1}
        reply = self._ask("textDocument/hover", {"textDocument": document, "position": place})
        shown: str = reply["contents"]["value"]
        return shown

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._last_id and "method" not in message:
                return message["result"]

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        self._answer(message)
        return message

    def _answer(self, message: dict[str, Any]) -> None:
        params: Any = message.get("params")
        match message.get("method"):
            case "textDocument/publishDiagnostics":
                self._diagnostics[params["uri"]] = params["diagnostics"]
            case "workspace/configuration":
                asked = [item.get("section") for item in params["items"]]
                result = [self._settings if name == "yaml" else {} for name in asked]
                self._send({"id": message["id"], "result": result})
                self._is_configured = True
            case str() if "id" in message:
                self._send({"id": message["id"], "result": None})


@contextmanager
def editor(root: Path, **settings: Any) -> Iterator[Editor]:
    """Run an editor in a work tree. `settings` are those below `yaml` in VS Code."""
    defaults = {"validate": True, "completion": True, "hover": True}
    process = subprocess.Popen(
        [find_node().program, installed(), "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        offline = {"schemaStore": {"enable": False}}
        yield Editor(process, root, {**defaults, **offline, **settings})
    finally:
        process.kill()
        process.communicate()
