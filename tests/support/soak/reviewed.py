"""The reviewed repository that people push to: good commits, bad ones, and rewritten history."""

import shutil
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import yaml

from support.catalogs import GATEWAY
from support.folders import BUDGET, alias, app, provider
from support.git_repository import Repository, new_bare, new_repository

PROVIDERS = ("acme", "beta", "gamma", "delta", "omega", "sigma")
SECRETS = {f"{name.upper()}_API_KEY": f"pk-planted-{name}-0a1b2c3d4e5f" for name in PROVIDERS}
LITERAL = "sk-planted-literal-7f3e9a1b2c4d5e6f"  # what a careless commit gives away
_MOST = {"Provider": 4, "Alias": 8, "App": 6}
_SPARE = 40

Resource = dict[str, Any]


@dataclass
class Reviewed:
    """A bare repository, a person's work tree, and what that person wants to be live."""

    folder: Path
    delivered: Path
    dice: Random
    resources: dict[str, Resource] = field(default_factory=dict)
    origin: Repository = field(init=False)
    work: Repository = field(init=False)
    _gone: list[str] = field(default_factory=list)  # objects that were declared once
    _number: int = 0

    def __post_init__(self) -> None:
        self.origin = new_bare(self.folder / "origin.git")
        self.work = new_repository(self.folder / "work")
        gateway = deepcopy(dict(GATEWAY))
        gateway["exchange"]["as_of"] = f"{datetime.now(UTC):%Y-%m-%d}"
        gateway["policy"]["max_deletions"] = 20
        first = [gateway, dict(BUDGET), *map(provider, PROVIDERS[:3])]
        first += [alias("chat", "acme"), alias("fast", "beta"), alias("vision", "acme")]
        first += [self._app("shop", ["chat", "fast"]), self._app("blog", ["chat"])]
        for resource in first:
            self._declare(resource)
        self.commit("Begin")

    @property
    def branch(self) -> Path:
        """Return the folder of the work tree, which is what was pushed last."""
        return self.work.path / "gateway.d"

    # ── commits ─────────────────────────────────────────────────────────────

    def good(self) -> str:
        """Change one thing and push it."""
        changes = (
            (self._swap, 4), (self._limit, 3), (self._price, 2), (self._add_alias, 3),
            (self._add_app, 2), (self._add_provider, 1), (self._drop, 3),
        )  # fmt: skip
        steps, weights = zip(*changes, strict=True)
        said = self.dice.choices(steps, weights)[0]()
        return self.commit(said)

    def commit(self, message: str) -> str:
        """Write what is wanted over whatever is there, commit and push."""
        shutil.rmtree(self.branch, ignore_errors=True)
        for name, resource in [*self.resources.items(), *self._approvals()]:
            path = self.branch / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(resource, sort_keys=False))
        self._record(message)
        return message

    def agree_to_lose(self, objects: set[str]) -> None:
        """Agree to the deletion of objects that are live and not wanted."""
        self._gone = sorted({*self._gone[-_SPARE:], *objects})

    def bad(self) -> str:
        """Push a mistake."""
        mistakes = (self._unknown_provider, self._broken, self._literal, self._no_folder)
        return self.dice.choice(mistakes)()

    def revert(self) -> str:
        self.work.git("revert", "--no-edit", "HEAD")
        self._push()
        return "revert"

    def amend(self) -> str:
        self.work.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "Say it better")
        self._push()
        return "amend and force-push"

    def older(self) -> str:
        """Force-push an older commit."""
        depth = int(self.work.git("rev-list", "--count", "--first-parent", "HEAD"))
        back = self.dice.randint(0, min(depth - 2, 4))
        self.work.git("reset", "--quiet", "--hard", f"HEAD~{back}")
        self._push()
        return f"force-push {back} commits back"

    def delete_branch(self) -> None:
        self.origin.git("update-ref", "-d", "refs/heads/main")

    def push_again(self) -> None:
        self._push()

    # ── what a good commit changes ──────────────────────────────────────────

    def _swap(self) -> str:
        name, resource = self._one("Alias")
        self._number += 1
        target = {"provider": self._provider(), "model": f"model-{self._number}"}
        self.resources[name] = {**resource, "target": target}
        return f"swap {name}"

    def _limit(self) -> str:
        name, resource = self._one(self.dice.choice(["Alias", "App"]))
        limits = (
            {"timeout_s": self.dice.randint(5, 90)}
            if name.startswith("Alias")
            else {"requests_per_minute": self.dice.randint(10, 600)}
        )
        changed = {k: v for k, v in resource.items() if k != "limits"}
        self.resources[name] = changed if "limits" in resource else {**resource, "limits": limits}
        return f"limits of {name}"

    def _price(self) -> str:
        name, resource = self._one("Alias")
        cents = self.dice.randint(1, 99)
        price = {**resource["price"], "input_usd_per_million_tokens": f"0.{cents:02}"}
        self.resources[name] = {**resource, "price": price}
        return f"price of {name}"

    def _add_alias(self) -> str:
        if len(self._all("Alias")) >= _MOST["Alias"]:
            return self._swap()
        self._number += 1
        return self._declare(alias(f"alias-{self._number}", self._provider()))

    def _add_app(self) -> str:
        if len(self._all("App")) >= _MOST["App"]:
            return self._limit()
        self._number += 1
        return self._declare(self._app(f"app-{self._number}", [self._one("Alias")[1]["name"]]))

    def _add_provider(self) -> str:
        spare = [name for name in PROVIDERS if f"Provider/{name}" not in self.resources]
        return self._declare(provider(self.dice.choice(spare))) if spare else self._price()

    def _drop(self) -> str:
        droppable = [name for name in self._all("App") if name.startswith("App/app-")]
        used = {name for one in self._all("App").values() for name in one["aliases"]}
        droppable += [f"Alias/{n['name']}" for n in self._all("Alias").values() if n["name"] not in used]  # fmt: skip
        serving = {one["target"]["provider"] for one in self._all("Alias").values()}
        droppable += [n for n, one in self._all("Provider").items() if one["name"] not in serving]
        if not droppable:
            return self._price()
        name = self.dice.choice(droppable)
        self._gone += _objects(self.resources.pop(name))
        return f"drop {name}"

    # ── mistakes, on top of what is there ───────────────────────────────────

    def _unknown_provider(self) -> str:
        self._write("Alias/chat", yaml.safe_dump(alias("chat", "nobody")))
        return self._record("Point at nobody")

    def _broken(self) -> str:
        self._write("Alias/chat", "kind: Alias\nname: [chat\n")
        return self._record("Break a file")

    def _literal(self) -> str:
        self._write("Provider/acme", yaml.safe_dump(provider("acme", credential=LITERAL)))
        return self._record("Give a secret away")

    def _no_folder(self) -> str:
        shutil.rmtree(self.branch, ignore_errors=True)
        (self.work.path / "README").write_text("moved\n")
        return self._record("Remove the folder")

    def _write(self, name: str, text: str) -> None:
        path = self.branch / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    # ── small parts ─────────────────────────────────────────────────────────

    def _app(self, name: str, aliases: list[str]) -> Resource:
        return app(name, aliases, {"name": "main", "deliver": "file"})

    def _declare(self, resource: Resource) -> str:
        name = f"{resource['kind']}/{resource['name']}"
        self.resources[name] = resource
        return f"add {name}"

    def _all(self, kind: str) -> dict[str, Resource]:
        return {n: one for n, one in self.resources.items() if n.startswith(f"{kind}/")}

    def _one(self, kind: str) -> tuple[str, Resource]:
        return self.dice.choice(sorted(self._all(kind).items(), key=lambda item: item[0]))

    def _provider(self) -> str:
        return str(self._one("Provider")[1]["name"])

    def _approvals(self) -> list[tuple[str, Resource]]:
        declared = {o for one in self.resources.values() for o in _objects(one)}
        self._gone = [name for name in dict.fromkeys(self._gone) if name not in declared][-_SPARE:]
        return [(f"Approval/lose-{n}", _approval(f"lose-{n}", o)) for n, o in enumerate(self._gone)]

    def _record(self, message: str) -> str:
        self.work.git("add", "-A")
        self.work.git("commit", "--quiet", "--allow-empty", "-m", message)
        self._push()
        return message

    def _push(self) -> None:
        self.work.git("push", "--quiet", "--force", str(self.origin.path), "HEAD:refs/heads/main")


def _objects(resource: Resource) -> list[str]:
    match resource["kind"]:
        case "Provider":
            return [f"credential/{resource['name']}"]
        case "Alias":
            return [f"deployment/{resource['name']}"]
        case "App":
            return [f"key/{resource['name']}.{key['name']}" for key in resource["keys"]]
        case _:
            return []


def _approval(name: str, lost: str) -> Resource:
    kind = lost.partition("/")[0]
    changes = {"key": "delete-last-key", "deployment": "remove-alias-in-use"}
    return {
        "kind": "Approval",
        "name": name,
        "change": changes.get(kind, "delete"),
        "object": lost,
        "reason": "It is no longer wanted.",
        "owner": "platform@example.com",
        "expires": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}",
    }
