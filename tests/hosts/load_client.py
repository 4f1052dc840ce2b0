"""A client of a cluster that runs on one of its hosts: prints one line of JSON per request until its stdin closes.

Reads one line of JSON from stdin: `api` (the host's own way to the API servers), `token`, `authority` (a file),
`namespace`, `service` (an address), `seconds` (at most). Every request is made once, on a connection of its own, at most
five a second of each kind; nothing is tried again. Only Python's own library: it runs where Ansible does.
"""

import http.client
import json
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request

PAUSE = 0.2
DEADLINE = 5.0
printing = threading.Lock()
ended = threading.Event()


def note(what: str, name: str, began: float, error: str) -> None:
    """Print how one request went."""
    line = {"what": what, "name": name, "at": round(began, 3), "seconds": round(time.time() - began, 3), "error": error}
    with printing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def attempt(what: str, name: str, url: str, context: "ssl.SSLContext | None" = None, **more: object) -> bool:
    """Make one request; whether it was answered as wished."""
    began = time.time()
    try:
        request = urllib.request.Request(url, **more)  # noqa: S310  # the test's own addresses
        with urllib.request.urlopen(request, timeout=DEADLINE, context=context) as answer:  # noqa: S310
            answer.read()
        error = ""
    except urllib.error.HTTPError as refused:
        error = f"status {refused.code}"
    except (OSError, http.client.HTTPException) as failed:
        error = f"{type(failed).__name__}: {failed}"[:200]
    note(what, name, began, error)
    return not error


def write_and_read(task: dict) -> None:
    """Write an object, and read back what was acknowledged."""
    context = ssl.create_default_context(cafile=task["authority"])
    url = f"{task['api']}/api/v1/namespaces/{task['namespace']}/configmaps"
    headers = {"Authorization": f"Bearer {task['token']}", "Content-Type": "application/json"}
    number = 0
    while not ended.wait(PAUSE):
        name = f"{task['prefix']}-{number}"
        number += 1
        body = json.dumps({"metadata": {"name": name}, "data": {"number": str(number)}}).encode()
        if attempt("write", name, url, context, data=body, headers=headers, method="POST"):
            attempt("read", name, f"{url}/{name}", context, headers=headers)


def ask(task: dict) -> None:
    """Ask a Service over HTTP."""
    while not ended.wait(PAUSE):
        attempt("ask", "", task["service"])


def main() -> None:
    task = json.loads(sys.stdin.readline())
    for work in (write_and_read, ask):
        threading.Thread(target=work, args=(task,), daemon=True).start()
    limit = threading.Timer(task["seconds"], ended.set)
    limit.daemon = True
    limit.start()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    ended.wait()
    time.sleep(2 * DEADLINE)


if __name__ == "__main__":
    main()
