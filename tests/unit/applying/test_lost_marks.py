"""An object that loses our mark after the plan was made is somebody else's: it is left alone."""

from pathlib import Path

import pytest

from aspire_gitops.applying import Status
from support.busy_change import Story
from support.fake_gateway import Drop, Fault, Request


class TakesTheMark(Fault):
    """Takes our mark off a deployment just before the program reads it again; answers as ever."""

    story: Story
    address: str

    def strikes(self, request: Request, number: int, write: int) -> bool:  # noqa: ARG002  # the signature of Fault
        if request.method == "GET" and f"litellm_model_id={self.address}" in request.target:
            self.story.fake.deployments.rows[self.address]["model_info"].pop("aspire_gitops", None)
        return False


@pytest.mark.parametrize(
    ("alias", "what"),
    [
        pytest.param("retired", "delete", id="a deletion"),
        pytest.param("chat", "update", id="an update"),
        pytest.param("fast", "replace", id="a replacement"),
    ],
)
def test_what_lost_its_mark_is_not_touched(tmp_path: Path, alias: str, what: str) -> None:
    story = Story(tmp_path)
    rows = story.fake.deployments.rows
    address = next(a for a, row in rows.items() if row["model_name"] == alias)
    thief = TakesTheMark(Drop())
    thief.story, thief.address = story, address
    before = dict(rows[address]["litellm_params"])
    with story.fake.failing(thief):
        outcome = story.apply()
    result = next(r for r in outcome.results if str(r.change.key) == f"deployment/{alias}")
    assert (result.change.action, result.status) == (what, Status.FAILED)
    assert "lost our mark" in result.message
    assert rows[address]["litellm_params"] == before
