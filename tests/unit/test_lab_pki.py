"""Certificates: who signs what, when they are made anew, and that nobody else can read the keys."""

import datetime as dt
import ssl
import stat
from ipaddress import IPv4Network

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yiyun.lab import parts, pki
from yiyun.lab.layout import Layout
from yiyun.lab.pki import Authority, Leaf

SERVER = Leaf("server", "api", server=True, names=("127.0.0.1", "localhost"))
CLIENT = Leaf("client-ops", "ops", ("yiyun:ops",), client=True)


def load(pair):
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes())


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "ca", "test")


def test_leaf_says_what_was_wanted(authority):
    certificate = load(authority.ensure(CLIENT))
    certificate.verify_directly_issued_by(authority.certificate)
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "yiyun:ops"
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "ops"
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_server_leaf_names_its_addresses(authority):
    names = load(authority.ensure(SERVER)).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_second_run_keeps_everything(tmp_path, authority):
    authority.ensure(SERVER)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    Authority(tmp_path, "ca", "test").ensure(SERVER)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "changed",
    [
        Leaf("server", "other", server=True, names=("127.0.0.1", "localhost")),
        Leaf("server", "api", ("group",), server=True, names=("127.0.0.1", "localhost")),
        Leaf("server", "api", server=True, names=("127.0.0.1",)),
        Leaf("server", "api", server=True, client=True, names=("127.0.0.1", "localhost")),
    ],
)
def test_leaf_that_says_something_else_is_replaced(authority, changed):
    before = load(authority.ensure(SERVER)).serial_number
    assert load(authority.ensure(changed)).serial_number != before


def test_leaf_near_its_end_is_replaced(authority, monkeypatch):
    monkeypatch.setattr(pki, "LEAF_DAYS", pki.RENEW_DAYS - 1)
    before = load(authority.ensure(SERVER)).serial_number
    monkeypatch.undo()
    after = load(authority.ensure(SERVER))
    assert after.serial_number != before
    assert after.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=300)


def test_authority_near_its_end_is_replaced_with_all_it_signed(tmp_path, monkeypatch):
    monkeypatch.setattr(pki, "CA_DAYS", 100)
    old = Authority(tmp_path, "ca", "test")
    old.ensure(SERVER)
    monkeypatch.undo()
    new = Authority(tmp_path, "ca", "test")
    with pytest.raises(InvalidSignature):
        new.certificate.verify_directly_issued_by(old.certificate)
    load(new.ensure(SERVER)).verify_directly_issued_by(new.certificate)


@pytest.mark.parametrize("broken", ["server.crt", "server.key", "ca.key", "ca.crt"])
def test_damaged_file_is_replaced(tmp_path, authority, broken):
    authority.ensure(SERVER)
    (tmp_path / broken).write_text("not a key")
    again = Authority(tmp_path, "ca", "test")
    pair = again.ensure(SERVER)
    load(pair).verify_directly_issued_by(again.certificate)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)  # key and certificate fit


def test_a_key_of_somebody_else_is_noticed(tmp_path, authority):
    pair, other = authority.ensure(SERVER), authority.ensure(CLIENT)
    pair.key.write_bytes(other.key.read_bytes())
    authority.ensure(SERVER)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)


def test_only_the_owner_reads_the_files(tmp_path):
    layout = Layout(tmp_path / "lab")
    layout.make()
    parts.identities(layout, IPv4Network("10.96.0.0/16"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in layout.pki.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(layout.pki.stat().st_mode) == 0o700


def test_a_person_cannot_speak_to_the_store(tmp_path):
    """Two authorities: etcd trusts its own only, and no person's certificate is signed by it."""
    layout = Layout(tmp_path / "lab")
    layout.make()
    ids = parts.identities(layout, IPv4Network("10.96.0.0/16"))
    etcd_authority = x509.load_pem_x509_certificate(ids.etcd_authority.read_bytes())
    for pair in ids.clients.values():
        with pytest.raises((InvalidSignature, ValueError)):
            load(pair).verify_directly_issued_by(etcd_authority)
    load(ids.etcd_client).verify_directly_issued_by(etcd_authority)


def test_api_server_answers_to_its_service_address(tmp_path):
    layout = Layout(tmp_path / "lab")
    layout.make()
    first = load(parts.identities(layout, IPv4Network("10.96.0.0/16")).servers["kube-apiserver"])
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.96.0.1" in [str(each) for each in names.get_values_for_type(x509.IPAddress)]
    second = load(parts.identities(layout, IPv4Network("10.112.0.0/16")).servers["kube-apiserver"])
    assert second.serial_number != first.serial_number
