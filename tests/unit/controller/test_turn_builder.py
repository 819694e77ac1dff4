"""What an error means for a turn: its message is the reason, its help the help, nothing is cut."""

from datetime import UTC, datetime

import pytest

from aspire_gitops.controller.turn_builder import TurnBuilder, problem_of
from aspire_gitops.notify import notices_of
from aspire_gitops.status.value import Standing
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    GatewayRefused,
    GatewayRejected,
    GatewayUnavailable,
    SecretMissing,
    SourceRefused,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAID = "POST /key/update answered 400: budget spent; ask your admin; or wait"


@pytest.mark.parametrize(
    ("error", "reason", "help_"),
    [
        pytest.param(
            GatewayRejected(SAID, status=400), SAID, "", id="a gateway's words stay whole"
        ),
        pytest.param(
            GatewayRejected(SAID, status=400, help="raise the cap"),
            SAID,
            "raise the cap",
            id="help",
        ),
        pytest.param(SourceRefused("a\n b", help="c\n d"), "a b", "c d", id="one line"),
        pytest.param(
            SecretMissing("no file"), "no file", "set it where the controller runs", id="usual help"
        ),
        pytest.param(
            SecretMissing("no file", help="mount it"), "no file", "mount it", id="its own help"
        ),
    ],
)
def test_message_and_help_stay_apart(error: AspireGitopsError, reason: str, help_: str) -> None:
    problem = problem_of(error)
    assert (problem.reason, problem.help) == (reason, help_)


@pytest.mark.parametrize(
    ("error", "standing"),
    [
        (GatewayUnavailable("no answer"), Standing.WAITING),
        (GatewayRefused("401"), Standing.STALLED),
        (AspireGitopsError("anything else"), Standing.STALLED),
    ],
)
def test_what_passes_is_waited_for(error: AspireGitopsError, standing: Standing) -> None:
    assert problem_of(error).standing is standing


def test_a_turn_and_its_notice_show_a_gateways_words_whole() -> None:
    builder = TurnBuilder(("interval",), NOON, ready="healed drift on 1 object")
    builder.problems.append(problem_of(GatewayRejected(SAID, status=400)))
    turn = builder.build(None, lambda _: 60.0)
    assert (turn.problem, turn.help) == (SAID, "")
    assert turn.reason == f"{SAID}; healed drift on 1 object"
    [notice] = notices_of(turn, None)
    assert notice.title == f"Stalled: {turn.reason}"
    assert not [line for line in notice.lines if line.startswith("what to do")]
