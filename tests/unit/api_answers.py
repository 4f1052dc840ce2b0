"""An API server in the test's own process that gives prepared answers."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import yaml

from yiyun.evidence.api_server import ApiServer

CANARY = "CANARYcanary5"


def refusal(status, message):
    return status, {"kind": "Status", "reason": "Because", "message": message}


def resources(*names):
    listed = [{"name": f"{name.lower()}s", "kind": name, "namespaced": True} for name in names]
    return 200, {"resources": [*listed, {"name": "pods/log", "kind": "Pod", "namespaced": True}]}


def pods(*names):
    return [{"metadata": {"name": name, "namespace": "a", "managedFields": [{"manager": CANARY}]}} for name in names]


class Server:
    """An API server that gives prepared answers; what it was asked for is written down."""

    def __init__(self, directory):
        self.answers = {
            "/apis": (
                200,
                {
                    "groups": [
                        {
                            "name": "apps",
                            "preferredVersion": {"groupVersion": "apps/v1"},
                            "versions": [{"groupVersion": "apps/v1beta1"}, {"groupVersion": "apps/v1"}],
                        },
                        {
                            "name": "sick.io",
                            "preferredVersion": {"groupVersion": "sick.io/v1"},
                            "versions": [{"groupVersion": "sick.io/v1"}],
                        },
                    ]
                },
            ),
            "/api/v1": resources("Pod", "Node", "Secret"),
            "/apis/apps/v1": resources("Deployment"),
            "/apis/apps/v1beta1": resources("Deployment", "Scale"),
            "/apis/sick.io/v1": refusal(503, "the aggregated server is gone"),
        }
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                outer.asked.append((parts.path, query))
                found = outer.answers.get(parts.path, refusal(404, "no such path"))
                status, body = found(query) if callable(found) else found
                content = json.dumps(body).encode() if not isinstance(body, bytes) else body
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "current-context": "it",
                    "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
                    "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{self.http.server_port}"}}],
                    "users": [{"name": "it", "user": {}}],
                }
            )
        )

    @property
    def api(self):
        return ApiServer(self.kubeconfig)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
