"""Which repository a remote's URL names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.forge import Repository, repository_of

GITHUB = Repository("github.com", "aspire", "gateway.config")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://github.com/aspire/gateway.config.git", GITHUB, id="https"),
        pytest.param("https://github.com/aspire/gateway.config/", GITHUB, id="without .git"),
        pytest.param("https://x:ghp_t@GitHub.com:443/aspire/gateway.config", GITHUB, id="a token"),
        pytest.param("git@github.com:aspire/gateway.config.git", GITHUB, id="ssh, short"),
        pytest.param("github.com:aspire/gateway.config.git", GITHUB, id="ssh, no user"),
        pytest.param("ssh://git@github.com:22/aspire/gateway.config.git", GITHUB, id="ssh"),
        pytest.param("ssh://git@ssh.github.com:443/aspire/gateway.config", GITHUB, id="ssh on 443"),
        pytest.param(" git://github.com/aspire/gateway.config\n", GITHUB, id="git, with spaces"),
        pytest.param(
            "git@git.aspire.test:a/b", Repository("git.aspire.test", "a", "b"), id="Enterprise"
        ),
        pytest.param("https://gitlab.test/group/sub/repo.git", None, id="a group in a group"),
        pytest.param("https://github.com/aspire", None, id="no repository"),
        pytest.param("https://github.com/../repo", None, id="dots for an owner"),
        pytest.param("https://github.com/a/..%2f..", None, id="an escape"),
        pytest.param("/srv/git/gateway.git", None, id="a path"),
        pytest.param("../git/gateway.git", None, id="a relative path"),
        pytest.param("C:\\git\\gateway", None, id="a path on Windows"),
        pytest.param("file:///srv/git/gateway.git", None, id="a file URL"),
        pytest.param("https://[broken/a/b", None, id="a broken URL"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_remote_names(url: str, expected: Repository | None) -> None:
    assert repository_of(url) == expected


@pytest.mark.parametrize(
    ("host", "api"),
    [("github.com", "https://api.github.com"), ("git.x.test", "https://git.x.test/api/v3")],
)
def test_the_api_of_a_host(host: str, api: str) -> None:
    assert Repository(host, "a", "b").api_url == api


@given(st.text(max_size=60) | st.from_regex(r"(https://|git@)[a-z.@:/%]{0,30}", fullmatch=True))
def test_no_url_breaks_it_and_no_name_leaves_its_place(url: str) -> None:
    found = repository_of(url)

    assert found is None or "/" not in found.owner + found.name
