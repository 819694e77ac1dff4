"""Record everything that we write or log during a rehearsal, to search it for secrets."""

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aspire_gitops.applying import Outcome
from aspire_gitops.applying.outcome_text import outcome_json, outcome_text
from aspire_gitops.codec.plan import plan_to_json
from aspire_gitops.planning import Plan
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.rendering.plan_wording import plan_markdown


class Recorder:
    """Records what this run writes, in every format, and its log."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._log = io.StringIO()
        self._texts: dict[str, str] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep every log line of this process, the libraries' debug lines included."""
        handler = logging.StreamHandler(self._log)
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.setLevel(level)
            root.removeHandler(handler)

    def keep_plan(self, plan: Plan) -> None:
        name = f"plan {plan.id}"
        self._texts |= {
            f"{name} as text": plan_text(plan).plain,
            f"{name} as Markdown": plan_markdown(plan),
            f"{name} as JSON": plan_to_json(plan),
            f"{name} as Python shows it": repr(plan),
        }

    def keep_outcome(self, outcome: Outcome) -> None:
        name = f"outcome of plan {outcome.plan_id}"
        self._texts |= {
            f"{name} as text": outcome_text(outcome).plain,
            f"{name} as JSON": outcome_json(outcome),
        }

    def keep(self, name: str, text: str) -> None:
        self._texts[name] = text

    def written(self) -> Mapping[str, str]:
        return {**self._texts, "the log": self._log.getvalue()}
