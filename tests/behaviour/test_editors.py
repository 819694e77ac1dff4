"""What docs/start/editors.md promises, asked of the language server that editors run."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from aspire_gitops.resources.schema import CATALOG, editor_files
from support.language_server import editor

REPOSITORY = Path(__file__).parents[2]
ALIAS = "gateway.d/aliases/qwen-chat.yaml"
TEXT = (REPOSITORY / ALIAS).read_text()
WRONG = TEXT.replace("mode: chat", "mode: chatt").replace("limits:", "limit:")
PAGE = REPOSITORY / "docs" / "start" / "editors.md"
APP = "kind: App\nname: shop\nowner: web@example.com\n"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_the_first_line_of_a_file_is_enough() -> None:
    line = "# yaml-language-server: $schema=../../schemas/alias.schema.json\n"
    with editor(REPOSITORY) as shown:
        assert shown.mistakes(ALIAS, TEXT) == []

        (mode, limit) = shown.mistakes("gateway.d/aliases/new.yaml", WRONG)
        assert mode[0] == 1 + WRONG.split("\n").index("mode: chatt")
        assert '"chat", "embedding", "ocr"' in mode[1]
        assert limit == (1 + WRONG.split("\n").index("limit:"), "Property limit is not allowed.")

        offered = shown.completions("gateway.d/aliases/empty.yaml", f"{line}k")
        assert {"kind", "name", "mode", "target", "price"} <= set(offered)
        assert "What kind of call it answers" in shown.hover(ALIAS, TEXT, line=5)


def test_the_bundle_by_a_setting_knows_each_kind() -> None:
    (setting,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    schemas = json.loads(setting)["yaml.schemas"]
    with editor(REPOSITORY, schemas=schemas) as shown:
        offered = shown.completions("gateway.d/a.yaml", "kind: ")
        assert offered == [
            *("Gateway", "Provider", "Alias", "App", "Budget", "Approval", "Delivery"),
        ]

        assert {"aliases", "needs", "keys"} <= set(shown.completions("gateway.d/b.yaml", f"{APP}a"))
        found = shown.mistakes("gateway.d/c.yaml", f"{APP}aliases: []\n")
        assert any("budget" in message for _, message in found)
        assert shown.mistakes("elsewhere/d.yaml", APP.replace("name", "nmae")) == []


def test_a_catalogue_as_the_store_has_it_is_enough(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        catalogue = json.loads(editor_files()[CATALOG])
        for entry in catalogue["schemas"]:
            entry["url"] = f"{url}/{entry['url'].rpartition('/')[2]}"
        for name, text in editor_files().items():
            (tmp_path / name).write_text(text)
        (tmp_path / CATALOG).write_text(json.dumps(catalogue))
        work_tree = tmp_path / "repository"
        work_tree.mkdir()

        store = {"enable": True, "url": f"{url}/{CATALOG}"}
        with editor(work_tree, schemaStore=store) as shown:
            found = shown.mistakes("gateway.d/apps/shop.yaml", APP.replace("owner", "ownr"))

    assert (3, "Property ownr is not allowed.") in found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        """Keep the test's output for the test."""
