"""What two revisions share is loaded and judged once, and judged as it would be alone."""

from aspire_gitops.loading import Document
from aspire_gitops.validation.judging import judge, judge_once
from support.reviewed import base_with, check
from support.reviews import sides_of

ALIAS = {"kind": "Alias", "name": "x"}


def document(path: str, text: str = "kind: Alias\nname: x\n") -> Document:
    return Document(path, ALIAS, text)


def test_the_same_text_at_the_same_path_is_judged_once() -> None:
    once = judge_once()
    assert once(document("a/x.yaml")) is once(document("a/x.yaml"))
    assert once(document("a/x.yaml")) is not once(document("b/x.yaml"))
    assert once(document("a/x.yaml")) is not once(document("a/x.yaml", "kind: Alias\nname: x # \n"))


def test_it_remembers_what_the_judge_says() -> None:
    assert judge_once()(document("a/y.yaml")) == judge(document("a/y.yaml"))
    assert "AG103" in {found.rule.code for found in judge(document("a/y.yaml")).found}


def test_a_memory_changes_no_finding() -> None:
    once = judge_once()
    wrong = base_with({"gateway.d/apps/knowledge-os.yaml": "kind: App\nname: other\n"})
    alone = check(wrong).diagnostics
    assert check(base_with({}), judge=once).ok
    assert check(wrong, judge=once).diagnostics == alone != ()


def test_resources_that_both_revisions_declare_alike_are_one_value() -> None:
    base, head = sides_of("alias-swap")
    assert base.catalog.aliases["claude-sonnet"] is head.catalog.aliases["claude-sonnet"]
    assert base.catalog.aliases["qwen-chat"] is not head.catalog.aliases["qwen-chat"]
