"""Keys of certificates are long enough."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, Unevaluated, rule
from yiyun.compliance.admission import cel

LEAST = {"ECDSA": 256, "RSA": 2048}
USUAL = {"ECDSA": 256, "RSA": 2048}
"""What cert-manager takes where no size is given."""


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.2-a", "8.1.4.8-a"),
    kinds=("cert-manager.io/Certificate",),
    title_zh="证书密钥强度足够",
    title_en="Keys of certificates are long enough",
    rationale="Who guesses the key is the server.",
    remediation="set spec.privateKey to {algorithm: ECDSA, size: 256} or {algorithm: RSA, size: 3072}",
    references=("cert-manager: Certificate resource, privateKey",),
    admission=Admission(
        " || ".join(
            ["object.?spec.?privateKey.?algorithm.orValue('') == 'Ed25519'"]
            + [
                f"(object.?spec.?privateKey.?algorithm.orValue('') in {cel(names)} && "
                f"(object.?spec.?privateKey.?size.orValue(0) == 0 || object.spec.privateKey.size >= {least}))"
                for names, least in ((["", "RSA"], LEAST["RSA"]), (["ECDSA"], LEAST["ECDSA"]))
            ]
        )
    ),
)
def certificate_key(obj: Object) -> Iterator[Finding]:
    key = obj.spec.map("privateKey")
    algorithm = key.text("algorithm") or "RSA"
    if algorithm == "Ed25519":
        return
    if algorithm not in LEAST:
        raise Unevaluated(f"{key.at('algorithm')}: is no algorithm that yiyun knows")
    size = key.number("size") or USUAL[algorithm]
    if size < LEAST[algorithm]:
        yield Finding(f"its key is {algorithm} of {size} bits; wanted {LEAST[algorithm]}", key.at("size"), size)
