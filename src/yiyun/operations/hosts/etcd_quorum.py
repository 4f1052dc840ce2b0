"""Whether a member may leave etcd: decided over `etcdctl member list` and `etcdctl endpoint health`, both as JSON.

Removing a member needs the agreement of a majority of those that vote now, and what remains must have a majority of its
own at once (etcd's runtime reconfiguration guide). What cannot be read is no.
"""

import json
from collections.abc import Mapping
from typing import Any


def refusal(members: str, health: str, name: str) -> str:
    """Why `name` may not leave now, with the remedy; empty when it may, and when it is no member."""
    try:
        listed = _members(members)
        healthy = {entry["endpoint"] for entry in _first_json(health) if entry.get("health") is True}
    except (ValueError, KeyError, TypeError) as error:
        return f"etcd did not say who its members are and how they do ({error}); without that nobody may leave"
    if name not in {member.get("name") for member in listed}:
        return ""
    voters = [member for member in listed if not member.get("isLearner")]
    well = [member for member in voters if healthy & set(member.get("clientURLs") or ())]
    staying = [member for member in voters if member.get("name") != name]
    well_staying = [member for member in well if member.get("name") != name]
    if not staying:
        return f"{name} is the only member of etcd: all of the cluster's state is on it"
    majority_now, majority_then = len(voters) // 2 + 1, len(staying) // 2 + 1
    if len(well) < majority_now:
        return f"only {len(well)} of {len(voters)} members of etcd are healthy, too few to let one go; mend etcd first"
    if len(well_staying) < majority_then:
        return (
            f"without {name} {len(well_staying)} of {len(staying)} members of etcd would be healthy, and "
            f"{majority_then} are needed; bring another control host in first"
        )
    return ""


def _members(text: str) -> list[Mapping[str, Any]]:
    content = json.loads(text)
    if not isinstance(content, dict) or not content.get("members"):
        raise ValueError("no members")
    return list(content["members"])


def _first_json(text: str) -> list[Mapping[str, Any]]:
    """Etcdctl prints the list on one line and, where a member does not answer, errors around it."""
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            return list(json.loads(line))
    raise ValueError("no health")
