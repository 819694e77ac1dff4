"""Write a folder of reviewed files of any size, the same bytes each time.

One gateway, a few providers, and for each app a budget; a fifth of the
documents are aliases. `--before` writes what the folder said one commit ago:
one document in a hundred has another price or cap.

    python bench/documents.py FOLDER --count 10000
"""

from collections.abc import Iterator
from pathlib import Path

import click

TODAY = "2026-11-23"
_SCHEMA = "# yaml-language-server: $schema=../../schemas/{kind}.schema.json\n"
_MODELS = ("qwen3-vl-235b-a22b-instruct", "claude-sonnet-4-5", "gpt-5.1-mini", "mistral-ocr-2509")
_WORDS = ("invoices", "tickets", "contracts", "lectures", "menus", "reports", "letters", "scans")


def documents(count: int, *, before: bool = False) -> Iterator[tuple[str, str]]:
    """Yield `count` paths and texts (at least 8), valid together on the day `TODAY`."""
    providers = max(1, count // 200)
    aliases = max(1, count // 5)
    apps = (count - 1 - providers - aliases) // 2
    aliases = count - 1 - providers - 2 * apps
    yield "gateway.yaml", _gateway()
    for n in range(providers):
        yield f"providers/provider-{n:03}.yaml", _provider(n)
    for n in range(aliases):
        yield f"aliases/{_alias_name(n)}.yaml", _alias(n, providers, before=before)
    for n in range(apps):
        yield f"apps/{_app_name(n)}.yaml", _app(n, aliases)
        yield f"budgets/{_app_name(n)}.yaml", _budget(n, before=before)


def _is_other(number: int, *, before: bool) -> bool:
    # Of aliases and budgets only, which are 6 of 10 documents: together one in a hundred.
    return before and number % 60 == 7


def _alias_name(number: int) -> str:
    return f"{_WORDS[number % len(_WORDS)]}-{number:05}"


def _app_name(number: int) -> str:
    return f"app-{_WORDS[number * 5 % len(_WORDS)]}-{number:05}"


def _gateway() -> str:
    return f"""\
{_SCHEMA.format(kind="gateway").replace("../../", "../")}\
kind: Gateway
name: bench
url: https://llm.bench.example/v1
litellm: {{version: 1.106.2}}
timezone: Australia/Sydney            # budgets turn over at midnight on the 1st, here
exchange: {{usd_per_aud: "0.6512", as_of: 2026-11-20, source: RBA F11.1, max_age_days: 45}}
availability: {{max_downtime_minutes_per_month: 60}}
policy: {{fallbacks: forbid, unpriced_aliases: forbid}}
"""


def _provider(number: int) -> str:
    return f"""\
{_SCHEMA.format(kind="provider")}\
kind: Provider
name: provider-{number:03}
vendor: vendor-{number:03}.example              # who sees the traffic
api: openai
base_url: https://api.vendor-{number:03}.example/v1
credential: {{env: PROVIDER_{number:03}_API_KEY}}
billing: metered
"""


def _alias(number: int, providers: int, *, before: bool) -> str:
    price = f"{1 + number % 9}.{'75' if _is_other(number, before=before) else '40'}"
    return f"""\
{_SCHEMA.format(kind="alias")}\
kind: Alias
name: {_alias_name(number)}
mode: chat
capabilities: [{"vision, tools" if number % 3 else "json_schema"}]
target: {{provider: provider-{number % providers:03}, model: {_MODELS[number % len(_MODELS)]}}}
price: {{input_usd_per_million_tokens: "{price}", output_usd_per_million_tokens: "1{price}"}}
context_window_tokens: {32768 << number % 4}
description: Reads {_WORDS[number % len(_WORDS)]} and answers questions about them.
"""


def _app(number: int, aliases: int) -> str:
    listed = sorted({(number * 2 + step) % aliases for step in range(1 + number % 3 + 1)})
    name = _app_name(number)
    return f"""\
{_SCHEMA.format(kind="app")}\
kind: App
name: {name}
owner: team-{number % 40:02}@bench.example
aliases: [{", ".join(map(_alias_name, listed))}]
budget: {name}
limits: {{requests_per_minute: {60 + number % 5 * 30}, parallel_requests: 8}}
keys:
  - name: default
    deliver: {{file: /var/lib/aspire-gitops/keys/{name}/default}}
"""


def _budget(number: int, *, before: bool) -> str:
    cap = 20 + number % 30 * 5 + (1 if _is_other(number, before=before) else 0)
    return f"""\
{_SCHEMA.format(kind="budget")}\
kind: Budget
name: {_app_name(number)}
monthly_aud: "{cap}"
warn_at_percent: [50, 80, 95]
description: Paid by team {number % 40:02}, reviewed each quarter.
"""


def write(folder: Path, count: int, *, before: bool = False) -> None:
    """Write the documents below `folder`, which must be new or empty."""
    for name in ("providers", "aliases", "apps", "budgets"):
        (folder / name).mkdir(parents=True)
    for path, text in documents(count, before=before):
        (folder / path).write_text(text, encoding="utf-8")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(min=8), default=1000, show_default=True)
@click.option("--before", is_flag=True, help="One document in a hundred is as it was a commit ago.")
def main(folder: Path, count: int, *, before: bool) -> None:
    """Write COUNT reviewed files into FOLDER."""
    write(folder, count, before=before)


if __name__ == "__main__":
    main()
