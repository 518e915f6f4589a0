"""Where webhooks may go, whatever URL, resolver and receiver say; and what of an answer counts."""

import socket
from functools import partial
from http.client import HTTPException
from ipaddress import ip_network
from threading import Event

import pytest

from notifications.plugins import posting
from notifications.plugins.posting import NotSent, Place, is_allowed, post
from tests.notifications.receiving import receiving

ANY_LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
PUBLIC = "93.184.216.34"


@pytest.fixture
def receiver():
    with receiving() as (made,):
        yield made


def sent(url, networks=(), seconds=5.0):
    post(Place.at(url, plain=True), {}, b"{}", networks=networks, tls=None, seconds=seconds)


def answers(*addresses, port=80):
    """What the resolver says."""
    family = {True: socket.AF_INET6, False: socket.AF_INET}
    return [(family[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_address_is_allowed(address):
    assert is_allowed(address, [])


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "100.100.100.200", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1"),
        *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1"),
        *("64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:0:0:0:0:0:1"),
        *("2001:db8::1", "::ffff:0:127.0.0.1", "192.0.0.192", "::ffff:192.0.0.192", "192.88.99.1", "3fff::1"),
    ],
)
def test_special_address_is_not_allowed(address):
    assert not is_allowed(address, [])


def test_network_that_is_named_is_allowed_and_no_other():
    networks = [ip_network("10.20.0.0/16"), ip_network("fd12::/16")]
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "fd12::1"):
        assert is_allowed(address, networks)
    for address in ("10.21.0.1", "127.0.0.1", "fd13::1"):
        assert not is_allowed(address, networks)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "0"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::]", "１２７.０.０.１"),
    ],
)
def test_loopback_by_any_of_its_names_is_not_reached(receiver, host):
    with pytest.raises(NotSent) as caught:
        sent(receiver.url(host))
    assert caught.value.failure in ("address-not-allowed", "host-unknown")
    assert receiver.asked == 0


def test_loopback_that_is_allowed_is_reached(receiver):
    sent(receiver.url(), ANY_LOOPBACK)
    assert receiver.asked == 1
    assert receiver.received[0].headers["host"] == f"127.0.0.1:{receiver.port}"


def test_name_is_looked_up_once_and_what_was_checked_is_connected_to(monkeypatch):
    """The second answer of a resolver that rebinds would be the loopback address."""
    given = iter([answers(PUBLIC), answers("127.0.0.1")])
    connected = []

    class Socket:
        def __init__(self, *_):
            pass

        def __getattr__(self, name):
            return lambda *_: None

        def connect(self, address):
            connected.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr(posting.socket, "getaddrinfo", lambda *_, **__: next(given))
    monkeypatch.setattr(posting.socket, "socket", Socket)
    with pytest.raises(ConnectionRefusedError):
        sent("http://rebinding.example/")
    assert connected == [(PUBLIC, 80)]
    assert next(given)


def test_of_several_addresses_those_not_allowed_are_left_out(receiver, monkeypatch):
    found = answers("10.0.0.1", "127.0.0.2", "127.0.0.1", port=receiver.port)
    monkeypatch.setattr(posting.socket, "getaddrinfo", lambda *_, **__: found)
    sent(f"http://several.example:{receiver.port}/", ANY_LOOPBACK)
    assert receiver.asked == 1
    assert receiver.received[0].headers["host"] == f"several.example:{receiver.port}"


def test_name_that_nobody_knows_is_a_failure_with_a_word(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(posting.socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent, match="host-unknown"):
        sent("http://nobody.example/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_a_failure_and_not_followed(receiver, status):
    with receiving() as (other,):
        receiver.answer = (
            f"HTTP/1.1 {status} X\r\nLocation: {other.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with pytest.raises(NotSent, match=f"status-{status}"):
            sent(receiver.url(), ANY_LOOPBACK)
        assert other.asked == 0


@pytest.mark.parametrize("status", [100, 199, 400, 404, 410, 429, 500, 503])
def test_answer_other_than_2xx_is_a_failure(receiver, status):
    receiver.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises((NotSent, HTTPException)):
        sent(receiver.url(), ANY_LOOPBACK)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 204 No Content\r\nX: " + b"x" * 70_000])
def test_answer_that_is_no_http_is_a_failure(receiver, answer):
    receiver.answer = answer
    with pytest.raises((OSError, HTTPException)):
        sent(receiver.url(), ANY_LOOPBACK)


def test_body_without_end_is_not_read_to_it(receiver):
    """The receiver can write so much only because what is sent after the first piece is thrown away."""
    receiver.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n" + b"x" * 10_000_000
    )
    receiver.server.handle_error = lambda *_: None
    sent(receiver.url(), ANY_LOOPBACK)
    assert receiver.asked == 1


def test_body_that_does_not_come_is_not_waited_for_as_the_answer_is_there(receiver):
    receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    sent(receiver.url(), ANY_LOOPBACK, seconds=0.2)
    assert receiver.asked == 1


def test_receiver_that_does_not_answer_is_a_failure(receiver):
    held = Event()
    receiver.before = partial(held.wait, 30)
    with pytest.raises(TimeoutError):
        sent(receiver.url(), ANY_LOOPBACK, seconds=0.2)
    held.set()


def test_proxy_of_the_environment_is_not_used(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    sent(receiver.url(), ANY_LOOPBACK)
    assert receiver.asked == 1


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.example", ("https", "a.example", 443, "/")),
        ("https://a.example:8443/hook?x=1", ("https", "a.example", 8443, "/hook?x=1")),
        ("https://[2606:2800::1]/", ("https", "2606:2800::1", 443, "/")),
        ("https://永安.example/h", ("https", "xn--49s110b.example", 443, "/h")),
    ],
)
def test_place_is_read_from_a_url(url, place):
    assert Place.at(url, plain=False) == Place(*place)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://a/",
            "ftp://a/",
            "nothing",
            "//a/",
            "https://",
            "https:///x",
            "https://a/#x",
            "https://a@b/",
        ),
        *("https://a/ b", "https://a/\r\nX: y", "https://a\r\n.b/", "https://a:0/", "https://a:65536/"),
        *("https://a:b/", "https://[::1/", "https://a/钩", "https://" + "a" * 64 + "/", "file:///etc/passwd"),
        "https://a℀b/",
    ],
)
def test_url_that_is_no_place_is_refused_and_not_quoted(url):
    with pytest.raises(ValueError, match=r"^must") as caught:
        Place.at(url, plain=False)
    assert url not in str(caught.value)
