"""First-boot settings of machines hold no password."""

import base64
import binascii
import re
from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, Unevaluated, rule
from yiyun.compliance.machines import MACHINE_KINDS, machine_spec

PASSWORD = re.compile(r"^\s*-?\s*(password|passwd|plain_text_passwd|hashed_passwd|chpasswd)\s*:", re.MULTILINE)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a", "8.1.4.8-b"),
    kinds=MACHINE_KINDS,
    title_zh="虚拟机初始化配置不得包含口令",
    title_en="First-boot settings of machines hold no password",
    rationale="Whoever may read the machine's object reads the password; so does everybody with the repository.",
    remediation="Put the user data into a Secret and name it in secretRef; log in with SSH keys.",
    references=("KubeVirt: Startup Scripts", "cloud-init: Set Passwords, chpasswd"),
)
def vm_cloud_init_password(obj: Object) -> Iterator[Finding]:
    for volume in machine_spec(obj).maps("volumes"):
        for source in ("cloudInitNoCloud", "cloudInitConfigDrive"):
            data = volume.map(source)
            encoded = data.text("userDataBase64")
            try:
                text = base64.b64decode(encoded).decode() if encoded else data.text("userData")
            except (binascii.Error, UnicodeDecodeError):
                raise Unevaluated(f"{data.at('userDataBase64')}: must be base64 of text") from None
            if PASSWORD.search(text):
                yield Finding("the user data hold a password", data.at("userDataBase64" if encoded else "userData"))
