"""The Secrets that stacks refer to: all of them are listed, and none is made by a stack."""

import pytest
from shipped import SITES, site
from stack_items import in_one_process, stack_items

from yiyun.components.secret_refs import needed_ca_bundles, needed_secrets

pytestmark = in_one_process


def references(value, namespace, path=()):
    """All (namespace, name, key or None) of Secrets that a manifest names."""
    if isinstance(value, list):
        for each in value:
            yield from references(each, namespace, path)
    if not isinstance(value, dict):
        return
    for field, below in value.items():
        here = (*path, field)
        if field in {
            "secretRef",
            "secret",
            "credential",
            "caCertRef",
            "endpointCA",
            "accessKeyRef",
            "secretKeyRef",
        } or (path and path[-1] == "s3Credentials"):
            name = below.get("name", below.get("secretName"))
            yield namespace, name, below.get("key")
        elif field in {"ossAccessSecret", "tenantSecret", "passwordSecret", "sslCertificateRef", "secretName"}:
            yield namespace, below, None
        elif field in {"userSecrets", "credentials"}:
            yield from ((namespace, name, "password") for name in below.values())
        elif isinstance(below, dict | list):
            yield from references(below, namespace, here)


@pytest.mark.parametrize("name", SITES)
def test_every_secret_that_is_named_is_listed(name):
    shipped = site(name)
    listed = {(ref.namespace, ref.name): ref.keys for ref in needed_secrets(shipped)}
    seen, certificates = set(), set()
    for item in stack_items(shipped, "storage", "compute", "database"):
        manifest = item.manifest
        namespace = manifest["metadata"].get("namespace")
        if manifest["kind"] == "Certificate":
            certificates.add((namespace, manifest["spec"]["secretName"]))
            continue
        seen |= set(references(manifest.get("spec", {}), namespace))
    assert len(seen) > 20
    for namespace, secret, wanted in sorted(seen, key=str):
        if (namespace, secret) in certificates:
            continue
        assert (namespace, secret) in listed, f"{secret} in {namespace} is not listed"
        assert wanted is None or wanted in listed[namespace, secret], f"{secret}: no key {wanted}"
    named = {(namespace, secret) for namespace, secret, _ in seen}
    unused = {where for where in listed if where not in named}
    assert unused == {("cert-manager", "yiyun-ca")}  # named by the ClusterIssuer of the ingress stack


@pytest.mark.parametrize("name", SITES)
def test_no_stack_makes_a_secret(name):
    kinds = {item.manifest["kind"] for item in stack_items(site(name), "storage", "compute", "database")}
    assert "Secret" not in kinds


@pytest.mark.parametrize("name", SITES)
def test_refs_say_what_their_keys_hold(name):
    refs = needed_secrets(site(name))
    assert len({(ref.namespace, ref.name) for ref in refs}) == len(refs)
    assert refs == sorted(refs)
    for ref in refs:
        assert len(ref.holds) == len(ref.keys) > 0
        assert ref.credential
        if ref.type == "kubernetes.io/tls":
            assert set(ref.keys) == {"tls.crt", "tls.key"}
        if ref.type == "kubernetes.io/basic-auth":
            assert set(ref.keys) == {"username", "password"}


def test_copies_of_a_users_keys_share_a_credential():
    refs = [ref for ref in needed_secrets(site("lab")) if ref.credential == "s3/hosp-a-backup"]
    assert {(ref.namespace, ref.name) for ref in refs} == {
        ("rook-ceph-object", "s3-hosp-a-backup"),
        ("hosp-a", "his-core.backup-s3"),
        ("hosp-a", "emr-index.backup-s3"),
    }
    assert {ref.keys for ref in refs} == {
        ("access-key", "secret-key"),
        ("accessId", "accessKey"),
        ("access_key", "secret_key"),
    }


def test_velero_backs_up_as_the_owner_of_its_bucket():
    (ref,) = [ref for ref in needed_secrets(site("lab")) if ref.name == "velero-s3"]
    assert (ref.namespace, ref.keys, ref.credential) == ("velero", ("cloud",), "s3/platform")


def test_importers_get_the_ca_where_machines_are():
    assert needed_ca_bundles(site("lab")) == [("hosp-a", "site-ca", "ca.crt"), ("shared-svc", "site-ca", "ca.crt")]
