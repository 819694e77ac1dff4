"""The real controller when its journal is locked or damaged, and what it tells Prometheus of both."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from aspire_gitops.journal import journal_path
from support.daemons import Site, running, site_in, until
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.journal_writer import running as writer

pytestmark = pytest.mark.slow


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def site(tmp_path: Path, fake: FakeGateway) -> Iterator[Site]:
    """A site at rest; its first commit is live."""
    with serving(fake) as url:
        made = site_in(tmp_path, gateway_url=url, admin_key=ADMIN_KEY)
        made.aimed("east")
        with running(made.daemon):
            assert made.daemon.reconcile().standing == "ready"
            fake.forget()
            yield made


def journal_of(site: Site) -> Path:
    return journal_path(site.daemon.state_dir)


def side(fake: FakeGateway) -> str:
    (row,) = fake.deployments.rows.values()
    return "east" if "/east/" in row["litellm_params"]["api_base"] else "west"


def metrics(site: Site) -> dict[str, float]:
    """Return each sample by its name and labels."""
    text = httpx.get(f"{site.daemon.url()}/metrics", trust_env=False).text
    return {
        f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_locked_journal_is_waited_for_and_nothing_is_written_meanwhile(
    site: Site, fake: FakeGateway
) -> None:
    with writer("hold", site.daemon.state_dir) as other:
        assert other.said() == "holding"
        site.aimed("west")
        turn = site.daemon.reconcile()
        assert turn.standing == "waiting"
        assert "is locked by another process" in turn.reason
        assert (fake.writes, side(fake)) == ([], "east")
    until(lambda: side(fake) == "west")
    assert site.daemon.run("log", "verify").returncode == 0


@pytest.mark.parametrize("how", ["cut", "overwritten"])
def test_a_damaged_journal_stalls_is_kept_and_goes_on_when_a_person_restored_it(
    site: Site, fake: FakeGateway, how: str
) -> None:
    assert site.daemon.stop() == 0  # what is in memory of SQLite is on disk now
    journal = journal_of(site)
    backup = Path(shutil.copy(journal, journal.with_suffix(".backup")))
    if how == "cut":
        os.truncate(journal, journal.stat().st_size // 2)
    else:
        journal.write_bytes(b"somebody's letter" + journal.read_bytes()[17:])
    damaged = journal.read_bytes()
    site.aimed("west")
    with running(site.daemon):
        turn = site.daemon.reconcile()
        assert turn.standing == "stalled"
        assert str(journal) in turn.reason
        assert turn.help or "restore it" in turn.reason or "a person has looked" in turn.reason
        page = httpx.get(f"{site.daemon.url()}/", trust_env=False)
        assert (page.status_code, str(journal) in page.text) == (200, True)
        assert metrics(site)["aspire_gitops_journal_up"] == 0
        assert httpx.get(f"{site.daemon.url()}/healthz", trust_env=False).status_code == 200
        assert (fake.writes, side(fake)) == ([], "east")
        assert journal.read_bytes() == damaged, "left for the person who looks"
        backup.replace(journal)
        assert site.daemon.reconcile().standing == "ready"
    assert side(fake) == "west"
    assert site.daemon.run("log", "verify").returncode == 0


def test_prometheus_hears_of_the_gateways_speed_and_the_journals_size(site: Site) -> None:
    before = metrics(site)
    site.aimed("west")
    assert site.daemon.reconcile().standing == "ready"
    after = metrics(site)

    calls = {name: value for name, value in after.items() if "gateway_call_seconds_count" in name}
    update = next(name for name in calls if "'PATCH'" in name and "'200'" in name)
    assert "'/model/{id}/update'" in update
    assert calls[update] - before.get(update, 0) >= 1
    assert after[update.replace("_count", "_sum")] > 0
    assert not [name for name in after if site.name in name], "no name of an object is a label"

    size = sum(path.stat().st_size for path in site.daemon.state_dir.glob("journal.sqlite3*"))
    assert 0 < after["aspire_gitops_journal_bytes"] <= size
    assert after["aspire_gitops_journal_entries"] > before["aspire_gitops_journal_entries"]
    assert 0 <= after["aspire_gitops_last_success_age_seconds"] < 30
    applied = "aspire_gitops_changes_total[('result', 'applied')]"
    assert after[applied] == before[applied] + 1
    ready = "aspire_gitops_turns_total[('standing', 'ready')]"
    assert after[ready] > before[ready]
