"""No URL that staff or a provider can name leads into our own network (reliability section 4; ASVS 1.3.6)."""

import socket

import pytest

from plumbing.addresses import AddressRefused, is_public, target_of
from plumbing.outbound import NotSent, Outbound, Problem
from tests.plumbing.listeners import http, listening, saying

INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:1.1.1.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
NAMES_INSIDE = ["localhost", "metadata.internal", "panel.example", "127.0.0.1.nip.example", "localtest.me"]
HOSTILE = [
    *[f"https://{f'[{ip}]' if ':' in ip else ip}/api/v2" for ip in INSIDE],
    *[f"https://{name}/api/v2" for name in NAMES_INSIDE],
    # the same addresses in other spellings
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://127.0.0.1./",
    "https://127.000.000.001/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.43518/",
    "https://0x1.0x1.0x1.0x1/",
    "https://16843009/",
    "https://1.1.1.1.1/",
    "https://999.1.1.1/",
    "https://a.0x7f/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://１２７.0.0.1/",
    "https://lo%63alhost/",
    "https://127.0.0.1%2f@1.1.1.1/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1/",
    "https://::1/",
    # tricks with the parts of a URL
    "https://1.1.1.1@127.0.0.1/",
    "https://panel.example:pass@1.1.1.1/",
    "https://1.1.1.1#@127.0.0.1/",
    "https://1.1.1.1\\@127.0.0.1/",
    "https://1.1.1.1/\r\nHost: localhost",
    "https://1.1.1.1\t/",
    "https://1.1.1.1 /",
    " https://127.0.0.1/",
    "https://1.1.1.1\x00.example/",
    "https://",
    "https:///api",
    "https:/1.1.1.1/",
    "https:1.1.1.1",
    "//1.1.1.1/",
    "1.1.1.1",
    "",
    "https://1.1.1.1:0/",
    "https://1.1.1.1:-1/",
    "https://1.1.1.1:65536/",
    "https://1.1.1.1:443x/",
    "https://-a.example/",
    "https://a..example/",
    "https://.example/",
    "https://a_.é.example/",
    "https://" + "a" * 254 + "/",
    "https://a.example/" + "a" * 2000,
    # other schemes, and plain http
    "http://1.1.1.1/",
    "http://panel.example/api/v2",
    "HTTP://1.1.1.1/",
    "ftp://1.1.1.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/",
    "ldap://127.0.0.1/",
    "unix:///run/docker.sock",
    "data:text/plain,x",
    "javascript:alert(1)",
    "jar:https://1.1.1.1!/",
]


def test_the_table_is_long_enough():
    assert len(set(HOSTILE)) >= 100


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_never_called(url):
    """Whatever name is asked for resolves to ourselves here, as under an attacker's name server."""
    dialed = []

    def resolve(host, port):
        literal = host.replace(".", "").isdecimal() or ":" in host
        return [host] if literal else ["1.1.1.1", "127.0.0.1"]

    def dial(address, port, seconds):
        dialed.append(address)
        raise ConnectionRefusedError

    answer = Outbound(resolve=resolve, dial=dial).post(url, form={"key": "k"}, deadline=1)
    assert answer == NotSent(Problem.GUARD)
    assert dialed == []


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/"])
def test_the_systems_resolver_would_have_been_fooled(url):
    """The control: what the guard refuses by its spelling does mean 127.0.0.1 to the C library."""
    host = url.removeprefix("https://").rstrip("/")
    assert socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)[0][4][0] == "127.0.0.1"


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111"])
def test_public_addresses_pass(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://panel.example/api/v2", "panel.example", "/api/v2"),
        ("https://PANEL.example:8443", "panel.example:8443", "/"),
        ("https://1.1.1.1/api/v2/?a=b", "1.1.1.1", "/api/v2/?a=b"),
        ("https://[2606:4700:4700::1111]:444/x", "[2606:4700:4700::1111]:444", "/x"),
        ("https://xn--bcher-kva.example/api", "xn--bcher-kva.example", "/api"),
    ],
)
def test_an_ordinary_url_is_read_into_its_parts(url, authority, path):
    target = target_of(url, allow=())
    assert (target.authority, target.path, target.trusted) == (authority, path, False)


def test_what_the_operator_allows_passes_for_exactly_that_host_and_port():
    with listening(saying(http(b"in"))) as listener, listening(saying(http(b"in"))) as other:
        way = Outbound(allow={f"127.0.0.1:{listener.port}"})
        assert way.post(f"http://127.0.0.1:{listener.port}/", form={}, deadline=2).body == b"in"
        assert way.post(f"http://127.0.0.1:{other.port}/", form={}, deadline=2) == NotSent(Problem.GUARD)
        assert way.post(f"http://localhost:{listener.port}/", form={}, deadline=2) == NotSent(Problem.GUARD)
        assert other.connections == 0


def test_a_refusal_says_why_and_never_repeats_the_url():
    with pytest.raises(AddressRefused) as refusal:
        target_of("http://user:secret@panel.example/", allow=())
    assert "secret" not in str(refusal.value)
