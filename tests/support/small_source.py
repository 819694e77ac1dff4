"""A small folder of reviewed files that is right in every respect, for tests of commands.

Without probes, because these tests count the keys of apps.
"""

import os
import subprocess
from pathlib import Path

TODAY = "2026-11-23"

FILES = {
    "gateway.yaml": """\
kind: Gateway
name: gateway
url: https://llm.example.com/v1
litellm: {version: 1.106.2}
timezone: Australia/Sydney
exchange: {usd_per_aud: "0.6512", as_of: 2026-11-20, source: RBA F11.1, max_age_days: 45}
availability: {max_downtime_minutes_per_month: 60}
policy: {fallbacks: forbid, unpriced_aliases: forbid, probes: off}
""",
    "providers/acme.yaml": """\
kind: Provider
name: acme
vendor: Acme
api: openai
base_url: https://api.acme.example/v1
credential: {env: ACME_API_KEY}
billing: metered
""",
    "aliases/chat.yaml": """\
kind: Alias
name: chat
mode: chat
target: {provider: acme, model: chat-1}
price: {input_usd_per_million_tokens: "1", output_usd_per_million_tokens: "2"}
""",
    "budgets/shop.yaml": """\
kind: Budget
name: shop
monthly_aud: "100"
""",
    "apps/shop.yaml": """\
kind: App
name: shop
owner: platform@example.com
aliases: [chat]
budget: shop
keys:
  - name: main
    deliver: file
""",
}


def write_files(folder: Path) -> Path:
    """Write the files below `folder`. Returns `gateway.d`."""
    for name, text in FILES.items():
        path = folder / "gateway.d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "gateway.d"


def commit_all(folder: Path, message: str) -> None:
    """Commit everything in `folder`, which becomes a repository if it is none."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
    }
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", message]):
        subprocess.run(["git", *command], cwd=folder, env=env, check=True)
