"""`up --real`: hosts booted and adopted, hardened by playbooks/hosts.yml, a cluster made by playbooks/kubernetes.yml."""

import time
from collections.abc import Callable

from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.lab.hosts import HostLab, kubernetes
from yiyun.operations import lock, real
from yiyun.operations.hosts import cluster, cluster_proof, definitions
from yiyun.operations.hosts.adopt import adopt, credentials
from yiyun.operations.hosts.cluster import Shown
from yiyun.operations.hosts.playbook import HOSTS_PLAYBOOK
from yiyun.site import Site

Report = Callable[[str], None]


def up(site: Site, report: Report) -> list[Shown]:
    """Bring up the lab's hosts, adopt and harden them, make the cluster, show that it works, and give it its kinds.

    Safe to run again. Raises UserError where a site is not a lab with real hosts, and when a step fails.
    """
    if not site.on_lab_hosts:
        raise UserError(
            f"{site.path / 'site.yaml'}: tier: up --real boots hosts, which a site with  lab: true, tier: hosts  has; "
            "on a site of your own run  ./yiyun hosts adopt, then ansible-playbook playbooks/site.yml"
        )
    hosts = [host.name for host in cluster.members(site)]
    shown = []
    started = time.monotonic()
    HostLab(site).up(report, hosts)
    kubernetes.serve(site, report)
    _adopt(site, report)
    shown.append(Shown("hosts booted and adopted", f"{len(hosts)} hosts", time.monotonic() - started))
    with lock.hold(site, "up --real"):
        started = time.monotonic()
        cluster.play(
            site, report, HOSTS_PLAYBOOK, "--limit", ",".join(hosts), "--extra-vars", "yiyun_new_together=true"
        )
        shown.append(Shown("hosts hardened", f"{HOSTS_PLAYBOOK.name} ended well", time.monotonic() - started))
        started = time.monotonic()
        cluster.play(site, report, cluster.PLAYBOOK, "--skip-tags", "hosts")
        cluster.fetch_kubeconfig(site)
        shown.append(cluster.wait_until_ready(site, report, started))
        shown.append(cluster_proof.ask_across_zones(site, report))
        with real.entered(site):
            real.forget_lost_cluster(site, ApiServer(real.kubeconfig(site)), report)
        started = time.monotonic()
        shown.append(Shown("kinds of crds.lock served", definitions.register(site, report), time.monotonic() - started))
    return shown


def _adopt(site: Site, report: Report) -> None:
    outcomes = adopt(site, cluster.members(site), credentials(site), report)
    failed = [outcome for outcome in outcomes if outcome.result == "failed"]
    if failed:
        causes = "\n".join(f"{outcome.host}: {outcome.cause}; {outcome.remedy}" for outcome in failed)
        raise UserError(f"{len(failed)} of {len(outcomes)} hosts could not be adopted:\n{causes}")
