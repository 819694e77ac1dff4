"""The tests' own evaluator: what GitHub documents, and a refusal of everything else."""

import pytest

from support.workflow_expressions import NotUnderstood, Value, condition, evaluated

CONTEXTS = {
    "inputs": {"comment": "true", "name": "review", "empty": ""},
    "github": {"event": {"number": 41, "fork": False}, "sha": "4f2c9d1"},
    "steps": {"plan": {"outputs": {"plan-id": "a1"}}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${{ inputs.name }}", "review"),
        ("a-${{ inputs.name }}-${{ github.event.number }}", "a-review-41"),
        ("${{ steps.plan.outputs.plan-id }}", "a1"),
        ("${{ steps.gone.outputs.x }}", None),
        ("${{ inputs.comment == 'TRUE' }}", True),
        ("${{ inputs.comment == true }}", False),
        ("${{ github.event.fork != true }}", True),
        ("${{ github.event.gone.fork != true }}", True),
        ("${{ inputs.empty || github.sha }}", "4f2c9d1"),
        ("${{ inputs.name && github.event.number }}", 41),
        ("${{ !(inputs.empty) && 'it''s' }}", "it's"),
    ],
)
def test_value(text: str, value: Value) -> None:
    assert evaluated(text, CONTEXTS) == value


@pytest.mark.parametrize(
    ("text", "status", "runs"),
    [
        ("inputs.comment == 'true'", "success", True),
        ("inputs.comment == 'true'", "failure", False),
        ("${{ !cancelled() && inputs.comment == 'true' }}", "failure", True),
        ("always()", "failure", True),
        ("failure()", "success", False),
        ("inputs.empty", "success", False),
    ],
)
def test_condition(text: str, status: str, runs: bool) -> None:  # noqa: FBT001 (a column)
    assert condition(text, CONTEXTS, status) == runs


@pytest.mark.parametrize(
    "text",
    ["${{ hashFiles('x') }}", "${{ env.X }}", "${{ inputs.x > 1 }}", "${{ (inputs.x }}", "${{ }}"],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        evaluated(text, CONTEXTS)
