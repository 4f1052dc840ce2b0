"""What the gate stops, the API server refuses: every exported policy against its rule, on the same objects."""

import copy
import json
import re
import sys
from pathlib import Path

import pytest

from yiyun.compliance import admission_policies
from yiyun.compliance.facts import make_object
from yiyun.compliance.model import State
from yiyun.lab import parts
from yiyun.lab.api import Api, in_parallel, pool
from yiyun.operations import policies

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))  # the rules' cases are there

pytestmark = pytest.mark.lab

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
STOPPED = (State.FAIL, State.NOT_EVALUATED)
WARNED = re.compile(r"ValidatingAdmissionPolicy '([a-z0-9-]+)' with binding")
SECONDS = 180.0
PARALLEL = 8


def say(text):
    print(text)  # noqa: T201  # shown when a test fails


def path_of(obj):
    """Where an object is created, and its own path."""
    served = policies.resources()[make_object(obj).id]
    version = obj["apiVersion"].rpartition("/")[2]
    root = f"/apis/{served.group}/{version}" if served.group else f"/api/{version}"
    home = f"/namespaces/{obj['metadata'].get('namespace') or 'default'}" if served.namespaced else ""
    return f"{root}{home}/{served.plural}"


class Server:
    """An API server with all exported policies."""

    def __init__(self, lab):
        ports = json.loads(lab.layout.ports.read_text())
        self.target = parts.admin_target(lab.layout, ports)
        self.api = Api(self.target)
        self._pool = pool(self.target)

    def try_out(self, obj, method="POST", path=None):
        """A dry run: status, what the server said, and the policies that object."""
        headers = {"Content-Type": "application/json"}
        url = f"{self.target.url}{path or path_of(obj)}?dryRun=All&fieldValidation=Strict"
        answer = self._pool.request(method, url, body=json.dumps(obj).encode(), headers=headers, timeout=60.0)
        warnings = " ".join(answer.headers.getlist("Warning"))
        said = json.loads(answer.data).get("message", "") if answer.status >= 400 else ""
        return answer.status, said, set(WARNED.findall(warnings))

    def put(self, manifests):
        """Write policies and bindings."""

        def one(manifest):
            plural = {"ValidatingAdmissionPolicy": "validatingadmissionpolicies"}.get(
                manifest["kind"], "validatingadmissionpolicybindings"
            )
            self.api.apply(f"{ADMISSION}/{plural}/{manifest['metadata']['name']}", manifest)

        in_parallel(one, manifests)


def with_action(manifests, action):
    """The same with bindings that do only this."""
    made = copy.deepcopy(manifests)
    for each in made:
        if each["kind"] == admission_policies.BINDING:
            each["spec"]["validationActions"] = [action]
    return made
