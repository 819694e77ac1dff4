"""Check the reviewed files: each by itself, together, and against policy.

Pure. `loading` turned text into documents; `validate` turns documents into a
catalog and diagnostics, and `compiling` reads a catalog that is `ok`.
"""

from aspire_gitops.validation.judging import judge_once
from aspire_gitops.validation.validate import Validated, validate

__all__ = ["Validated", "judge_once", "validate"]
