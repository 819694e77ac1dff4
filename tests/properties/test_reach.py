"""Random spellings of one forbidden host or path: none of them passes."""

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.permitted import why_not_deliver, why_not_read
from aspire_gitops.validation.hosts import Reach, reach_of

LINK_LOCAL = IPv4Network("169.254.0.0/16")
PRIVATE = [IPv4Network(net) for net in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]  # fmt: skip
ANY_LINK_LOCAL = st.integers(0, 65535).map(lambda low: LINK_LOCAL[low])
ANY_PRIVATE = st.sampled_from(PRIVATE).flatmap(
    lambda net: st.integers(0, net.num_addresses - 1).map(lambda at: net[at])
)


@st.composite
def spelled(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> str:
    """Write an IPv4 address as a C library reads it, or as IPv6 holds it."""
    address = int(draw(addresses))
    if draw(st.booleans()):
        return _as_six(draw, address)
    count = draw(st.integers(1, 4))
    parts = [address >> 8 * (3 - at) & 255 for at in range(count - 1)]
    parts.append(address & (1 << 8 * (5 - count)) - 1)
    text = ".".join(_number(draw, part) for part in parts)
    return text + "." * draw(st.integers(0, 1))


def _number(draw: st.DrawFn, value: int) -> str:
    zeros = "0" * draw(st.integers(0, 3))
    forms = (str(value), f"0{zeros}{value:o}", f"0x{zeros}{value:x}", f"0X{zeros}{value:X}")
    return draw(st.sampled_from(forms))


def _as_six(draw: st.DrawFn, address: int) -> str:
    high, low = address >> 16, address & 0xFFFF
    dotted = str(IPv4Address(address))
    forms = (
        f"[::ffff:{dotted}]",
        f"[::ffff:{high:x}:{low:x}]",
        f"[0:0:0:0:0:FFFF:{high:04X}:{low:04x}]",
        f"[::{dotted}]",
        f"[64:ff9b::{dotted}]",
        f"[2002:{high:x}:{low:x}::{draw(st.integers(0, 0xFFFF)):x}]",
    )
    return draw(st.sampled_from(forms))


@given(spelled(ANY_LINK_LOCAL), st.sampled_from(["http", "https"]), st.sampled_from(["", ":80"]))
def test_no_spelling_of_a_link_local_address_passes(host: str, scheme: str, port: str) -> None:
    assert reach_of(f"{scheme}://{host}{port}/v1") is Reach.FORBIDDEN


@given(spelled(ANY_PRIVATE))
def test_no_spelling_of_a_private_address_is_public(host: str) -> None:
    assert reach_of(f"https://{host}/v1") is Reach.PRIVATE


@given(st.integers(0, 2**118 - 1))
def test_no_link_local_address_of_ipv6_passes(low: int) -> None:
    words = [f"{(0xFE80 << 112 | low) >> 16 * at & 0xFFFF:x}" for at in range(7, -1, -1)]
    assert reach_of(f"https://[{':'.join(words)}]/v1") is Reach.FORBIDDEN


@given(st.data())
def test_no_case_or_dot_makes_a_metadata_name_another(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["metadata.google.internal", "instance-data", "metadata"]))
    cased = "".join(data.draw(st.sampled_from((c.lower(), c.upper()))) for c in name)
    dots = "." * data.draw(st.integers(0, 2))
    assert reach_of(f"https://{cased}{dots}/v1") is Reach.FORBIDDEN


@given(st.text("abc0123456789.-:[]x", max_size=24))
def test_every_host_is_judged(host: str) -> None:
    assert reach_of(f"https://{host}/v1") in set(Reach)


@st.composite
def detours(draw: st.DrawFn, path: str) -> str:
    """Write a path with detours that lead to the same file."""
    ways = st.sampled_from(["/", "//", "/./", "/x/../", "/../", "///"])
    parts = path[1:].split("/")
    return "".join(draw(ways) + part for part in parts)


@given(detours("/etc/cron.d/x"))
def test_no_detour_delivers_outside_of_the_folders(path: str) -> None:
    assert why_not_deliver(path)


@given(st.sampled_from(["/srv/a", "/var/lib/b", "/run/c"]), detours("/etc/cron.d/x"))
def test_no_way_up_leads_out_of_a_folder(folder: str, path: str) -> None:
    assert why_not_deliver(f"{folder}/../..{path}")


@given(detours("/proc/self/environ"))
def test_no_detour_reads_what_processes_hold(path: str) -> None:
    assert why_not_read(path)
