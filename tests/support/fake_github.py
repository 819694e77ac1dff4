"""GitHub's API over real HTTP on loopback, as far as `ci/renew_rate.py` uses it.

Branches, trees and commits are kept as dictionaries; what it does not know it refuses.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from support.listening import Heard, Listener, Say, listening

REPOSITORY = "aspire/gateway-config"
TOKEN = "ghs_planted_111111111111111111111111"


@dataclass
class FakeGitHub:
    """`main` is a commit of `files`. `refuses` maps a method and a part of a path to an answer."""

    listener: Listener
    files: Mapping[str, str]
    trees: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    refuses: dict[tuple[str, str], Say] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tree = self._tree(dict(self.files))
        self.branches["main"] = self._commit({"message": "Begin", "tree": tree, "parents": []})

    @property
    def api_url(self) -> str:
        return self.listener.base

    def writes(self) -> list[str]:
        """Return each request that changes something, as `POST pulls`."""
        prefix = f"/repos/{REPOSITORY}/"
        return [
            f"{heard.method} {heard.path.removeprefix(prefix)}"
            for heard in self.listener.heard
            if heard.method != "GET"
        ]

    def on(self, branch: str) -> dict[str, str]:
        """Return the files of a branch."""
        return self.trees[self.commits[self.branches[branch]]["tree"]]

    def commit_on(self, branch: str, **changed: str) -> None:
        """Let a person commit to a branch; `gateway` is gateway.d/gateway.yaml."""
        files = self.on(branch) | {f"gateway.d/{k}.yaml": v for k, v in changed.items()}
        parents = [self.branches[branch]]
        wanted = {"message": "By hand", "tree": self._tree(files), "parents": parents}
        self.branches[branch] = self._commit(wanted)

    def _tree(self, files: dict[str, str]) -> str:
        return self._kept(self.trees, files)

    def _commit(self, wanted: dict[str, Any]) -> str:
        return self._kept(self.commits, wanted)

    def _kept(self, where: dict[str, Any], value: Any) -> str:
        name = hashlib.sha1(json.dumps([value, len(where)]).encode()).hexdigest()
        where[name] = value
        return name

    def answer(self, heard: Heard) -> Say:
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return _says(401, {"message": "Bad credentials"})
        split = urlsplit(heard.path)
        path = split.path.removeprefix(f"/repos/{REPOSITORY}/")
        for (method, part), said in self.refuses.items():
            if method == heard.method and part in path:
                return said
        for method, pattern, handler in self._routes():
            found = re.fullmatch(pattern, path)
            if method == heard.method and found:
                query = {name: values[0] for name, values in parse_qs(split.query).items()}
                return handler(unquote(found[1]) if found.groups() else "", heard, query)
        return _says(404, {"message": f"Not Found: {heard.method} {path}"})

    def _routes(self) -> list[tuple[str, str, Callable[[str, Heard, dict[str, str]], Say]]]:
        return [
            ("GET", r"git/ref/heads/(.+)", self._ref),
            ("GET", r"git/commits/(\w+)", self._read_commit),
            ("GET", r"contents/(.+)", self._contents),
            ("GET", r"pulls", self._list),
            ("POST", r"git/trees", self._new_tree),
            ("POST", r"git/commits", self._new_commit),
            ("POST", r"git/refs", self._new_ref),
            ("PATCH", r"git/refs/heads/(.+)", self._move),
            ("POST", r"pulls", self._open),
            ("PATCH", r"pulls/(\d+)", self._edit),
        ]

    def _ref(self, name: str, _heard: Heard, _query: dict[str, str]) -> Say:
        if name not in self.branches:
            return _says(404, {"message": "Not Found"})
        return _says(200, {"object": {"sha": self.branches[name]}})

    def _read_commit(self, name: str, _heard: Heard, _query: dict[str, str]) -> Say:
        return _says(200, {"sha": name, "tree": {"sha": self.commits[name]["tree"]}})

    def _contents(self, path: str, _heard: Heard, query: dict[str, str]) -> Say:
        text = self.trees[self.commits[query["ref"]]["tree"]].get(path)
        if text is None:
            return _says(404, {"message": "Not Found"})
        content = base64.encodebytes(text.encode()).decode()
        return _says(200, {"encoding": "base64", "content": content})

    def _list(self, _name: str, _heard: Heard, query: dict[str, str]) -> Say:
        branch = query["head"].partition(":")[2]
        assert query["state"] == "all"
        return _says(200, [one for one in self.pulls if one["head"] == branch])

    def _new_tree(self, _name: str, heard: Heard, _query: dict[str, str]) -> Say:
        files = self.trees[heard.json["base_tree"]] | {
            one["path"]: one["content"] for one in heard.json["tree"]
        }
        return _says(201, {"sha": self._tree(files)})

    def _new_commit(self, _name: str, heard: Heard, _query: dict[str, str]) -> Say:
        return _says(201, {"sha": self._commit(heard.json)})

    def _new_ref(self, _name: str, heard: Heard, _query: dict[str, str]) -> Say:
        name = heard.json["ref"].removeprefix("refs/heads/")
        if name in self.branches:
            return _says(422, {"message": "Reference already exists"})
        self.branches[name] = heard.json["sha"]
        return _says(201, {})

    def _move(self, name: str, heard: Heard, _query: dict[str, str]) -> Say:
        assert heard.json["force"] is True
        self.branches[name] = heard.json["sha"]
        return _says(200, {})

    def _open(self, _name: str, heard: Heard, _query: dict[str, str]) -> Say:
        number = len(self.pulls) + 41
        self.pulls.append(
            {**heard.json, "state": "open", "number": number, "html_url": f"https://f/{number}"}
        )
        return _says(201, self.pulls[-1])

    def _edit(self, number: str, heard: Heard, _query: dict[str, str]) -> Say:
        (one,) = [pull for pull in self.pulls if pull["number"] == int(number)]
        one.update(heard.json)
        return _says(200, one)


@contextmanager
def fake_github(files: Mapping[str, str]) -> Iterator[FakeGitHub]:
    with listening() as listener:
        made = FakeGitHub(listener, files)
        listener.script = made.answer
        yield made


def _says(status: int, value: object) -> Say:
    return Say(status, body=json.dumps(value).encode())
