"""Where a webhook may not lead, however it is written; and that what is called is what was checked."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal.webhooks.guard import AddressRefused, check, is_public, target_of
from portal.webhooks.sending import post
from tests.webhooks.conftest import Receiver

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378::1", "2001:2::1",
    "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fec0::1", "ff02::1", "4000::1", "5f00::1",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "100.63.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
]
REFUSED_AS_WRITTEN = [
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
    "//example.com/", "example.com", "javascript:alert(1)", "https://", "https:///path", "https://user@example.com/",
    "https://user:password@example.com/", "https://example.com@127.0.0.1/", "https://example.com#@127.0.0.1/",
    "https://example.com\\@127.0.0.1/", "https://example.com /", "https://exa\tmple.com/",
    "https://example.com/\r\nX: y",
    "https://example.com:22/", "https://example.com:6379/", "https://example.com:0/", "https://example.com:99999/",
    "https://example.com:x/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/",
    "https://example.com/#part", "https://exam_ple..com/", "https://-/", "https://%31%32%37.0.0.1/",
    "https://example.com/ü", "https://" + "a" * 64 + ".com/", "https://example.com/" + "a" * 500,
    # numbers that a C library would take for an address
    "https://2130706433/", "https://0x7f000001/", "https://017700000001/", "https://0177.0.0.1/", "https://0x7f.1/",
    "https://127.1/", "https://127.0.1/", "https://0x7f.0x0.0x0.0x1/", "https://1.2.3.4.5/", "https://0/",
    "https://127.0.0.1.0x1/", "https://4294967297/",
]  # fmt: skip
LOOPBACK_AS_WRITTEN = [
    "https://127.0.0.1/", "https://127.0.0.1./", "https://127.0.0.1:443/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:0:0:1]/", "https://localhost/",
    "https://LOCALHOST./", "https://①②⑦.⓪.⓪.①/", "https://１２７.０.０.１/", "https://127。0。0。1/",
    "https://ｌｏｃａｌｈｏｓｔ/", "https://[64:ff9b::127.0.0.1]/", "https://[2002:7f00:1::1]/",
]  # fmt: skip


def answering(*answers: str) -> Any:
    """A resolver that gives these addresses one call after another, and the last one for ever."""
    left = list(answers)

    def resolve(_host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in address.split(",")]

    return resolve


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(AddressRefused, match="public internet"):
        check("https://shop.example/", resolve=answering(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are_public(address: str) -> None:
    target, found = check("https://shop.example/hooks?a=1", resolve=answering(address))
    assert (target.host, target.port, target.path, found) == ("shop.example", 443, "/hooks?a=1", [address])


@pytest.mark.parametrize("url", REFUSED_AS_WRITTEN)
def test_urls_that_are_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(AddressRefused):
        target_of(url)


@pytest.mark.parametrize("url", LOOPBACK_AS_WRITTEN)
def test_ourselves_however_written(url: str) -> None:
    with pytest.raises(AddressRefused):
        check(url)


def test_one_inside_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused, match="public internet"):
        check("https://shop.example/", resolve=answering("8.8.8.8,10.0.0.1"))


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(AddressRefused, match="could not be found"):
        check("https://no-such-host.invalid/")


def test_other_scripts_become_ascii() -> None:
    assert target_of("https://Müller.example./").host == "xn--mller-kva.example"


def test_the_name_is_looked_up_once_and_what_was_checked_is_called(receiver: Receiver) -> None:
    """DNS rebinding: the second answer would be another machine, here one that nobody listens on."""
    asked: list[str] = []
    inner = answering("127.0.0.1", "127.0.0.2")

    def resolve(host: str, port: int, **options: Any) -> Any:
        asked.append(host)
        return inner(host, port, **options)

    answer = post(f"http://shop.example:{receiver.port}/", b"{}", {}, resolve=resolve)
    assert (answer.status, asked) == (204, ["shop.example"])
    assert receiver.requests[0][1]["host"] == f"shop.example:{receiver.port}"


def test_a_name_that_turns_inside_between_saving_and_sending(receiver: Receiver) -> None:
    resolve = answering("127.0.0.1", "10.0.0.1")
    url = f"http://shop.example:{receiver.port}/"
    check(url, resolve=resolve)
    answer = post(url, b"{}", {}, resolve=resolve)
    assert (answer.status, answer.error) == (None, "This host is not on the public internet.")
    assert receiver.requests == []


def certificate(path: Path, host: str) -> Path:
    """A key and a certificate for this host that nobody signed, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(pem))
    return path


def test_the_certificate_has_to_be_the_hosts(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the connection goes to a number; and nothing is sent to whoever cannot prove the name."""
    pem = certificate(tmp_path / "shop.pem", "shop.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    receiver.encrypt(context)
    here = answering("127.0.0.1")
    unknown = post(f"https://shop.example:{receiver.port}/", b"{}", {}, resolve=here)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))  # now it is known
    other = post(f"https://other.example:{receiver.port}/", b"{}", {}, resolve=here)
    for answer in (unknown, other):
        assert (answer.status, answer.error) == (None, "The encryption failed: CERTIFICATE_VERIFY_FAILED")
    assert receiver.requests == []
    assert post(f"https://shop.example:{receiver.port}/", b"{}", {}, resolve=here).status == 204


def test_a_server_without_encryption_gets_nothing_in_clear(receiver: Receiver) -> None:
    answer = post(f"https://shop.example:{receiver.port}/", b"{}", {}, resolve=answering("127.0.0.1"))
    assert (answer.status, receiver.requests) == (None, [])
    assert answer.error.startswith("The encryption failed")
