"""What differs from one LiteLLM release to the next, as data; the one place that names a version.

A release is a file (`v1_106.py`) and a row in `RELEASES`; everything here is tested
with `TESTED`. docs/explain/releases.md says how to follow another one.
"""

from collections.abc import Mapping
from typing import Final

from aspire_gitops.releases.models import ListedModel, listed_model
from aspire_gitops.releases.release import Api, PriceTier, Release
from aspire_gitops.releases.v1_106 import RELEASE as V1_106

RELEASES: Final[Mapping[str, Release]] = {release.version: release for release in (V1_106,)}
TESTED: Final = V1_106
MALICIOUS: Final = frozenset({"1.82.7", "1.82.8"})
"""Releases that somebody else published to steal credentials."""


def release_of(version: str) -> Release:
    """Return what is known of a release; of one without a file, what is true of the tested one."""
    return RELEASES.get(version, TESTED)


__all__ = [
    "MALICIOUS",
    "RELEASES",
    "TESTED",
    "Api",
    "ListedModel",
    "PriceTier",
    "Release",
    "listed_model",
    "release_of",
]
