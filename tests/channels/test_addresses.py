"""Every way to write an address that we must not reach is refused, and the public ones are not."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.channels.addresses import NOT_PUBLIC, opened, read_host, read_resolved, why_not_public
from heliograph.channels.targets import LONGEST_URL, read_target
from heliograph.core.ports import AddressRefused

# ruff: noqa: RUF001 - digits and dots from other alphabets are what this is about

NOT_PUBLIC_HOSTS = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.7", "192.31.196.1", "192.52.193.1",
    "192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.9", "203.0.113.5",
    "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:93.184.216.34]",
    "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::5db8:d822]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::a00:1]", "[100::1]", "[2001::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2001:2::1]",
    "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2620:4f:8000::1]",
    "[3fff::1]", "[5f00::1]", "[fc00::1]", "[fd12:3456:789a::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[4000::1]",
    "[e000::1]", "[100:0:0:1::1]",
]  # fmt: skip
PUBLIC_HOSTS = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1",
    "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "11.0.0.1", "126.255.255.255", "128.0.0.1",
    "[2606:4700:4700::1111]", "[2a00:1450:4001:82f::200e]", "[2001:4860:4860::8888]", "[2003::1]", "[2620:fe::fe]",
]  # fmt: skip
UNREADABLE_HOSTS = [
    "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.1", "127.0.0.1.",
    "127.0.0.01", "127.0.0.256", "1.2.3.4.5", "127.0.0.0x1", "localhost.1", "a.0x7f", "①②⑦.⓪.⓪.①", "１２７.0.0.1",
    "127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "[::1%lo]", "[fe80::1%25eth0]", "[::1", "::1", "[127.0.0.1]", "[:::1]", "[]",
    "", ".", "..", "a..b", "-a.example", "a-.example", "a b", "a\tb", "a\x00b", "a%2eb", "%31%32%37.0.0.1",
    "x" * 64 + ".example", "a." * 130 + "example", "exa\u00admple.com", "example.com\r\nHost: other",
]  # fmt: skip
REFUSED_URLS = [
    "", "example.com", "//example.com", "file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1:25/_HELO",
    "javascript:alert(1)", "unix:/run/x", "http:/example.com", "http:///path", "http://", "http://user@example.com/",
    "http://user:word@example.com/", "http://@example.com/", "http://1.1.1.1@127.0.0.1/", "http://example.com:0/",
    "http://example.com:65536/", "http://example.com:99999999/", "http://example.com:8O/", "http://example.com:-1/",
    "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http://exa mple.com/",
    "http://example.com/a b", "http://example.com/\r\nX: y", "http://example.com/é", "http://example.com/\x00",
    " http://example.com/", "http://example.com/ ", "http://[::1]x/", "http://[::1]:x/", "http://a:1:2/",
    "http://example.com/" + "a" * LONGEST_URL,
]  # fmt: skip


@pytest.mark.parametrize("host", NOT_PUBLIC_HOSTS)
def test_an_address_that_is_not_public_says_what_it_is_instead(host: str) -> None:
    address = read_host(host)
    assert not isinstance(address, str)
    assert why_not_public(address)


@pytest.mark.parametrize("host", PUBLIC_HOSTS)
def test_a_public_address_may_be_reached(host: str) -> None:
    address = read_host(host)
    assert not isinstance(address, str)
    assert why_not_public(address) == ""


@pytest.mark.parametrize("host", UNREADABLE_HOSTS)
def test_a_host_that_two_parsers_could_read_differently_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        read_host(host)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_with_a_trick_in_it_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        read_target(url)
    assert not url or url not in str(refusal.value)


@pytest.mark.parametrize(("network", "reason"), NOT_PUBLIC)
def test_each_row_of_the_table_refuses_its_first_and_last_address(network: str, reason: str) -> None:
    row = ip_network(network)
    assert why_not_public(row[0])
    assert why_not_public(row[-1])
    assert reason in {why_not_public(row[0]), why_not_public(row[-1])}


def test_every_address_that_python_calls_private_is_in_our_table_too() -> None:
    """A second opinion: where the standard library says not global, so must we (sampled over both families)."""
    for high in range(0, 2**32, 2**32 // 20_011):
        address = ip_address(high)
        assert address.is_global or why_not_public(address)
    for high in range(0, 2**128, 2**128 // 20_011):
        address = ip_address(high)
        assert address.is_global or why_not_public(address)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("HTTPS://example.com.:443/a?b=c#d", "https://example.com/a?b=c"),
        ("http://example.com:8080?x", "http://example.com:8080/?x"),
        ("http://[2606:4700:4700:0::1111]/", "http://[2606:4700:4700::1111]/"),
        ("http://xn--bcher-kva.example/%C3%A9", "http://xn--bcher-kva.example/%C3%A9"),
        ("http://example.com:/", "http://example.com/"),
    ],
)
def test_a_url_has_one_form_when_it_leaves(url: str, canonical: str) -> None:
    assert read_target(url).url == canonical


def test_a_resolver_that_answers_nonsense_or_a_zone_is_refused() -> None:
    for text in ("fe80::1%eth0", "localhost", "", "1.2.3"):
        with pytest.raises(AddressRefused):
            read_resolved(text)


def test_opening_a_network_opens_it_in_its_own_family_only() -> None:
    allow = [ip_network("127.0.0.0/8")]
    assert opened(ip_address("127.0.0.1"), allow)
    assert not opened(ip_address("::ffff:127.0.0.1"), allow)
    assert not opened(ip_address("::1"), allow)


_PIECES = st.sampled_from(
    [
        *(
            "http",
            "https",
            "://",
            ":",
            "/",
            "//",
            "@",
            "?",
            "#",
            "\\",
            ".",
            "%",
            "[",
            "]",
            "127.0.0.1",
            "1.1.1.1",
            "0x7f",
        ),
        *("coast.example", "COAST", "xn--", "-", "_", ":80", ":443", ":0", "%40", "%2e", " ", "\t", "\n", "\x00", "é"),
        *("::1", "。", "1"),
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join) | st.text(max_size=40).map("http://{}".format))
@example("HTTP://Coast.Example.:80/%40?x#y")
@example("http://[::1]:80/")
@example("http://1.1.1.1#@127.0.0.1/")
@example("http://1.1.1.1?@127.0.0.1/")
@example("http://1.1.1.1\\@127.0.0.1/")
def test_another_parser_reads_the_host_that_we_checked(url: str) -> None:
    """What we let through has one reading: the standard library's parser, a different one, finds the same place in it."""
    try:
        target = read_target(url)
    except AddressRefused:
        return
    for text in (url, target.url):
        parts = urlsplit(text)
        assert parts.username is None
        shown = parts.hostname or ""
        assert read_host(f"[{shown}]" if ":" in shown else shown) == target.host
        assert (parts.port or {"http": 80, "https": 443}[parts.scheme]) == target.port
    assert read_target(target.url) == target
