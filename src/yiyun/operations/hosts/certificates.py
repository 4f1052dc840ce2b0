"""Which certificates of a control host end soon, read from `kubeadm certs check-expiration --output json`."""

import json
from typing import Any

DAY = 86400
ONLY_ON_THE_FIRST = "super-admin.conf"
"""kubeadm writes it where it made the cluster; hosts that join have none."""


def decision(expiration: str, days: int, authority_days: int) -> dict[str, Any]:
    """`ending`: names of certificates with fewer than `days` left; `ended`: whether one has none; `refusals`: why not.

    A renewed certificate lasts a year, so an authority with fewer than `authority_days` left is a refusal: hosts would
    hold certificates that outlive who vouches for them, and all of them would end at one moment with it.
    """
    try:
        content = json.loads(expiration[expiration.index("{") :])
        certificates = [
            each for each in content["certificates"] if each["name"] != ONLY_ON_THE_FIRST or not _missing(each)
        ]
        authorities = content["certificateAuthorities"]
        refusals = [
            f"the certificate {each['name']} is missing" for each in [*certificates, *authorities] if _missing(each)
        ]
        ending = [each for each in certificates if not _missing(each) and each["residualTime"] < days * DAY]
        refusals += [
            f"the authority {each['name']} itself ends on {each['expirationDate'][:10]}, in {each['residualTime'] // DAY} "
            "days: certificates that it signs now would outlive it; make a new authority first (kubernetes.io, "
            '"Manual Rotation of CA Certificates")'
            for each in authorities
            if not _missing(each) and each["residualTime"] < authority_days * DAY
        ]
        refusals += [
            f"the certificate {each['name']} is signed elsewhere: renew it there"
            for each in ending
            if each.get("externallyManaged")
        ]
    except (ValueError, KeyError, TypeError) as error:
        return {"ending": [], "ended": False, "refusals": [f"kubeadm did not say when certificates end ({error})"]}
    ended = any(each["residualTime"] <= 0 for each in ending)
    return {"ending": [each["name"] for each in ending], "ended": ended, "refusals": refusals}


def _missing(entry: dict[str, Any]) -> bool:
    return bool(entry.get("missing"))
