"""One try, and an exact account of how far it came (reliability section 2, rules 2 and 3; fault row 6)."""

import datetime as dt
import gzip
import socket
import ssl
import struct
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plumbing.outbound import Answered, KeptLine, NotSent, Outbound, Problem, Request, Unanswered, outbound
from tests.plumbing.listeners import http, listening, read_request, saying

JSON = b'{"order": 1}'


def post(listener, *, deadline=5.0, form=None, path="/api/v2", **more):
    way = Outbound(allow={f"127.0.0.1:{listener.port}"})
    return way.post(f"http://127.0.0.1:{listener.port}{path}", form=form or {"key": "k"}, deadline=deadline, **more)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_an_answer_comes_back_whole_over_a_connection_of_its_own():
    with listening(saying(http(JSON, headers="X-Mark: yes\r\n"))) as listener:
        answer = post(listener, form={"key": "k", "link": "https://a.example/ü?b=1&c=2"})
    assert answer == Answered(200, {"content-length": "12", "x-mark": "yes"}, JSON)
    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v2 HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{listener.port}\r\n".encode() in head
    assert b"\r\nConnection: close" in head
    assert body == b"key=k&link=https%3A%2F%2Fa.example%2F%C3%BC%3Fb%3D1%26c%3D2"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer_and_is_not_followed(status):
    with listening(saying(http(JSON))) as elsewhere:
        away = f"Location: http://127.0.0.1:{elsewhere.port}/\r\n"
        with listening(saying(http(b"", status=status, headers=away))) as listener:
            answer = post(listener)
        assert answer.status == int(status[:3])
        assert elsewhere.connections == 0


def test_nobody_listening_means_not_sent():
    with listening(saying(http(JSON))) as listener:
        pass
    assert post(listener) == NotSent(Problem.REFUSED)


def test_no_such_host_means_not_sent():
    def unknown(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    assert Outbound(resolve=unknown).post("https://no.example", form={}, deadline=2) == NotSent(Problem.DNS)


def test_a_resolver_that_hangs_means_not_sent_at_the_deadline():
    release = threading.Event()

    def hang(host, port):
        release.wait(20)
        return ["1.1.1.1"]

    began = time.monotonic()
    answer = Outbound(resolve=hang).post("https://slow.example", form={}, deadline=0.3)
    release.set()
    assert answer == NotSent(Problem.DNS)
    assert time.monotonic() - began < 10


def test_a_connection_that_is_never_taken_up_means_not_sent():
    def nobody_there(address, port, seconds):
        raise TimeoutError

    way = Outbound(resolve=lambda *_: ["1.1.1.1", "1.0.0.1"], dial=nobody_there)
    assert way.post("https://slow.example", form={}, deadline=0.3) == NotSent(Problem.CONNECT_TIMEOUT)


def test_the_next_address_is_tried_while_nothing_was_sent():
    dialed = []

    def refuse(address, port, seconds):
        dialed.append((address, port))
        raise ConnectionRefusedError

    way = Outbound(resolve=lambda *_: ["1.1.1.1", "2606:4700::1111"], dial=refuse)
    assert way.post("https://two.example", form={}, deadline=1) == NotSent(Problem.REFUSED)
    assert dialed == [("1.1.1.1", 443), ("2606:4700::1111", 443)]


def test_the_name_is_resolved_once_and_exactly_that_address_is_called():
    """A rebinding resolver answers something else the second time; nobody asks it."""
    answers = [["1.1.1.1"], ["127.0.0.1"]]
    dialed = []

    def refuse(address, port, seconds):
        dialed.append(address)
        raise ConnectionRefusedError

    way = Outbound(resolve=lambda *_: answers.pop(0), dial=refuse)
    way.post("https://rebind.example", form={}, deadline=1)
    assert dialed == ["1.1.1.1"]
    assert len(answers) == 1
    assert way.post("https://rebind.example", form={}, deadline=1) == NotSent(Problem.GUARD)
    assert dialed == ["1.1.1.1"]


def test_silence_ends_at_the_deadline_as_sent_without_answer():
    def silent(listener, connection):
        read_request(connection)
        listener.closed.wait(20)

    with listening(silent) as listener:
        began = time.monotonic()
        assert post(listener, deadline=0.4) == Unanswered(Problem.TIMEOUT)
        assert 0.3 < time.monotonic() - began < 10
        listener.closed.set()


@pytest.mark.parametrize("part", ["head", "body", "chunks"])
def test_a_slow_drip_ends_at_the_deadline_too(part):
    start = {"head": b"HTTP/1.1 200 OK\r\nX: ", "body": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"}
    start["chunks"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def drip(listener, connection):
        read_request(connection)
        connection.sendall(start[part])
        while True:
            connection.sendall(b"1\r\n \r\n" if part == "chunks" else b" ")
            time.sleep(0.02)

    with listening(drip) as listener:
        began = time.monotonic()
        assert post(listener, deadline=0.5) == Unanswered(Problem.TIMEOUT)
        assert time.monotonic() - began < 10  # the drip itself never ends


def test_the_socket_is_closed_when_the_deadline_ends():
    gone = threading.Event()

    def watch(listener, connection):
        read_request(connection)
        connection.settimeout(5)
        if connection.recv(1) == b"":
            gone.set()

    with listening(watch) as listener:
        post(listener, deadline=0.3)
        assert gone.wait(3)


def test_a_reset_after_sending_is_sent_without_answer():
    def behave(listener, connection):
        read_request(connection)
        reset(connection)

    with listening(behave) as listener:
        assert post(listener) == Unanswered(Problem.RESET)


def test_hanging_up_without_a_word_is_sent_without_answer():
    with listening(saying(b"")) as listener:
        assert post(listener) == Unanswered(Problem.RESET)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + JSON, Problem.CUT_SHORT),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + JSON, Problem.CUT_SHORT),
        (b"220 smtp.example ESMTP\r\n", Problem.GARBLED),
        (b"\x00\x01\x02" * 50, Problem.GARBLED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n" + b" " * 15 + b"\r\n", Problem.CUT_SHORT),
        (http(b"nonsense", headers="Content-Encoding: gzip\r\n"), Problem.GARBLED),
        (http(b"nonsense", headers="Content-Encoding: br\r\n"), Problem.GARBLED),
        (http(gzip.compress(JSON, mtime=0)[:-9], headers="Content-Encoding: gzip\r\n"), Problem.CUT_SHORT),
        (http(b" " * 1_000_001), Problem.TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 1_000_001, Problem.TOO_LARGE),
        (http(gzip.compress(b" " * 50_000_000, mtime=0), headers="Content-Encoding: gzip\r\n"), Problem.TOO_LARGE),
    ],
)
def test_answers_that_are_no_use_are_sent_without_answer(raw, problem):
    with listening(saying(raw)) as listener:
        assert post(listener) == Unanswered(problem)


@pytest.mark.parametrize(
    "size", [b"-1", b"+5", b"0x5", b"5_0", b" 5", b"", b"zz", b"5 5", b"0" * 17, b"5;" + b"x" * 5000]
)
def test_a_chunk_whose_size_is_none_is_no_answer_and_reads_nothing_more(size):
    """RFC 9112, section 7.1: hexadecimal digits. Taken for a number, "-1" means all that comes, past any limit."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with listening(saying(head + size + b"\r\n" + b" " * 3_000_000)) as listener:
        assert post(listener) == Unanswered(Problem.GARBLED)


@pytest.mark.parametrize("size", [b"b", b"B", b"00b", b"b ; name=value"])
def test_a_chunk_may_say_its_size_in_several_ways(size):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with listening(saying(head + size + b"\r\n" + b"hello world" + b"\r\n0\r\n\r\n")) as listener:
        assert post(listener).body == b"hello world"


def test_a_compressed_answer_is_unpacked():
    with listening(saying(http(gzip.compress(JSON, mtime=0), headers="Content-Encoding: gzip\r\n"))) as listener:
        assert post(listener).body == JSON


def test_a_caller_may_allow_a_larger_answer():
    with listening(saying(http(b" " * 1_500_000))) as listener:
        assert len(post(listener, most_bytes=2_000_000).body) == 1_500_000


def test_a_kept_line_serves_several_reads_over_one_connection():
    line = KeptLine()
    with listening(saying(http(b"1"), http(b"2"), http(b"3", headers="Connection: close\r\n"), http(b"4"))) as listener:
        bodies = [post(listener, line=line).body for _ in range(3)]
        assert bodies == [b"1", b"2", b"3"]
        assert listener.connections == 1
        assert post(listener, line=line).body == b"1"
        assert listener.connections == 2
        line.close()


def test_a_kept_line_that_has_died_is_never_silently_sent_again():
    line = KeptLine()
    with listening(saying(http(b"1"))) as listener:
        post(listener, line=line)
        assert listener.closed.wait(3)
        assert post(listener, line=line) == Unanswered(Problem.RESET)
        assert listener.connections == 1


def test_the_proxy_of_the_environment_is_ignored(monkeypatch):
    with listening(saying(http(JSON))) as listener, listening(saying(http(b"proxied"))) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert post(listener).body == JSON
        assert proxy.connections == 0


def test_the_way_out_of_this_installation_follows_its_settings(settings):
    with listening(saying(http(JSON))) as listener:
        url = f"http://127.0.0.1:{listener.port}"
        settings.OUTBOUND_ALLOW = []
        assert outbound().post(url, form={}, deadline=2) == NotSent(Problem.GUARD)
        settings.OUTBOUND_ALLOW = [f"127.0.0.1:{listener.port}"]
        assert outbound().post(url, form={}, deadline=2).status == 200


# --- other requests than a form


def send(listener, request, path="/"):
    way = Outbound(allow={f"127.0.0.1:{listener.port}"})
    return way.send(f"http://127.0.0.1:{listener.port}{path}", request, deadline=5)


def test_a_get_has_a_query_its_own_headers_and_no_body():
    with listening(saying(http(JSON))) as listener:
        answer = send(listener, Request(method="GET", headers={"Authorization": "token t"}), path="/v1?orderId=a%26b")
    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert answer.body == JSON
    assert head.startswith(b"GET /v1?orderId=a%26b HTTP/1.1\r\n")
    assert b"\r\nAuthorization: token t\r\n" in head
    assert b"Content-" not in head
    assert body == b""


def test_a_body_is_sent_byte_for_byte_under_the_type_it_is_given():
    with listening(saying(http(JSON))) as listener:
        send(listener, Request(headers={"Content-Type": "application/json"}, body='{"a": "ü"}'.encode()))
    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/json\r\nContent-Length: 11\r\n" in head
    assert body == '{"a": "ü"}'.encode()


@pytest.mark.parametrize("value", ["secret\r\nX-Evil: 1", "secret\n", "secret\x00", "secret-ü"])
def test_a_header_that_is_not_one_line_of_ascii_is_never_sent_nor_repeated(value):
    with pytest.raises(ValueError, match="not a header: 'Authorization'") as raised:
        Request(headers={"Authorization": value})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["X-A\r\nX-Evil", "X A", "X:A", ""])
def test_a_header_name_of_other_letters_is_never_sent(name):
    with pytest.raises(ValueError, match="not a header"):
        Request(headers={name: "1"})


# --- TLS


def certificate(name):
    """A self-signed certificate for one host name, as PEM, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(serialization.Encoding.PEM, *plain)


@pytest.fixture
def panel_tls(tmp_path):
    """Server context for panel.example, and a client's context that trusts it."""
    certificate_pem, key_pem = certificate("panel.example")
    (tmp_path / "both.pem").write_bytes(certificate_pem + key_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "both.pem")
    client = ssl.create_default_context()
    client.load_verify_locations(cadata=certificate_pem.decode())
    return server, client


def secure_post(listener, host, client):
    way = Outbound(allow={f"{host}:{listener.port}"}, resolve=lambda *_: ["127.0.0.1"], trust=lambda: client)
    return way.post(f"https://{host}:{listener.port}/api/v2", form={"key": "k"}, deadline=3)


def test_the_name_and_not_the_address_is_shown_and_checked(panel_tls):
    server, client = panel_tls
    names = []
    server.sni_callback = lambda sock, name, context: names.append(name)
    with listening(saying(http(JSON)), server) as listener:
        assert secure_post(listener, "panel.example", client).body == JSON
    assert names == ["panel.example"]
    assert f"Host: panel.example:{listener.port}".encode() in listener.requests[0]


def test_a_certificate_for_another_name_means_not_sent(panel_tls):
    server, client = panel_tls
    with listening(saying(http(JSON)), server) as listener:
        assert secure_post(listener, "other.example", client) == NotSent(Problem.TLS)
    assert listener.requests == []


def test_a_certificate_that_nobody_vouches_for_means_not_sent(panel_tls):
    server, _ = panel_tls
    with listening(saying(http(JSON)), server) as listener:
        assert secure_post(listener, "panel.example", ssl.create_default_context()) == NotSent(Problem.TLS)
    assert listener.requests == []


def test_a_handshake_that_hangs_means_not_sent(panel_tls):
    def silent(listener, connection):
        connection.settimeout(5)
        while connection.recv(65536):
            pass

    _, client = panel_tls
    with listening(silent) as listener:
        way = Outbound(allow={f"panel.example:{listener.port}"}, resolve=lambda *_: ["127.0.0.1"], trust=lambda: client)
        answer = way.post(f"https://panel.example:{listener.port}", form={}, deadline=0.4)
    assert answer == NotSent(Problem.TLS)
