"""Turn a valid catalog into what the gateway should be: objects, intents, `config.yaml`.

Pure and deterministic to the byte: neither the order of files nor the hash
seed shows in the result. Each of `kinds` compiles its own. `planning` compares the
objects with a snapshot; `artifacts` writes the same things down for reviewers.
"""

from aspire_gitops.compiling.artifacts import artifacts
from aspire_gitops.compiling.catalog import compile_catalog

__all__ = ["artifacts", "compile_catalog"]
