"""A version of LiteLLM is named in `releases` and nowhere else."""

from pathlib import Path

import aspire_gitops
from aspire_gitops.releases import MALICIOUS, RELEASES, TESTED, release_of
from aspire_gitops.resources import ProviderSpec

SOURCE = Path(aspire_gitops.__file__).parent


def test_no_other_file_names_the_line_that_we_are_tested_with() -> None:
    named = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if TESTED.line in path.read_text()
    }
    assert named == {"releases"}


def test_a_release_without_a_file_is_taken_for_the_tested_one() -> None:
    assert release_of(TESTED.version) is TESTED
    assert release_of("1.9999.0") is TESTED


def test_every_release_speaks_every_protocol_that_a_provider_may_name() -> None:
    protocols = set(ProviderSpec.model_json_schema()["properties"]["api"]["enum"])
    assert {version: set(release.apis) for version, release in RELEASES.items()} == (
        dict.fromkeys(RELEASES, protocols)
    )


def test_a_malicious_release_is_none_that_we_know() -> None:
    assert not MALICIOUS & RELEASES.keys()
