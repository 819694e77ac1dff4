"""Limits of an alias: what bounds an answer where the caller, or the provider, does not."""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity
from aspire_gitops.resources import AliasSpec

UNBOUNDED_ANSWERS = Rule("AG327", "unbounded-answers")
ANSWER_TOO_LONG = Rule("AG328", "answer-too-long")
DEFAULT_BOUND = Rule("AG329", "default-bound", Severity.WARNING)

_DEFAULTS = {
    "max_output_tokens": "an answer counts as 32,768 tokens",
    "context_window_tokens": "a request counts as one token for each byte",
}
_BOUNDED = {
    "chat": tuple(_DEFAULTS),
    "embedding": ("context_window_tokens",),
    "ocr": (),
    "image_generation": (),
}


def check_limits(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG327, AG328 and AG329."""
    has_ledger = catalog.gateway is not None and catalog.gateway.spec.ledger is not None
    for alias in catalog.aliases.values():
        yield from _check_target(alias)
        if has_ledger:
            yield from _check_stated(alias)


def _check_target(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    target, most = alias.spec.target, alias.spec.max_output_tokens
    if target.ignores_output_limit and target.max_output_tokens is None:
        yield UNBOUNDED_ANSWERS.at(
            alias.document.key_span("target", "ignores_output_limit"),
            "nothing bounds an answer: the target honours no limit, and its own maximum is not stated",
            help="state `target: {max_output_tokens: …}`, the most that the model can write",
        )
    if (
        most is not None
        and target.max_output_tokens is not None
        and most > target.max_output_tokens
    ):
        yield ANSWER_TOO_LONG.at(
            alias.span("max_output_tokens"),
            f"the alias promises answers of {most:,} tokens, "
            f"and its target writes {target.max_output_tokens:,} at most",
            help="lower `max_output_tokens`, or correct the target's",
        )


def _check_stated(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    for field in _BOUNDED[alias.spec.mode]:
        if getattr(alias.spec, field) is None:
            yield DEFAULT_BOUND.at(
                alias.document.key_span("name"),
                f'alias "{alias.name}" does not state `{field}`: {_DEFAULTS[field]} before it is sent',
                help=f"state `{field}`",
            )
