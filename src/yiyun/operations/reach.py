"""The control plane of a site, made ready to be asked: the embedded lab, the cluster on a lab's hosts, or a site's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from yiyun import toolchain
from yiyun.evidence.api_server import ApiServer
from yiyun.lab.lab import Lab
from yiyun.operations import environment, real
from yiyun.site import Site

Report = Callable[[str], None]


@contextmanager
def reached(site: Site, report: Report) -> Iterator[None]:
    """Have the tools, and a control plane that answers whoever asks from inside the block.

    An embedded lab is started. Raises UserError when there is no control plane, or it does not answer.
    """
    toolchain.ensure(toolchain.ALL, report)
    with real.entered(site):
        if site.embedded:
            Lab(site).up(report)
        api = ApiServer(environment.kubeconfig(site))
        if site.on_lab_hosts:
            real.note_images(site, api)
        api.warm_schema()
        yield
