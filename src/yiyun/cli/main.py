"""The `./yiyun` command. Each command lives in a module of its own; this one knows their names only."""

import logging
import signal
import sys

import typer

from yiyun.cli import attest, audit, bundle, doctor, gate, hosts, lab, lifecycle, policies, project
from yiyun.cli.console import err
from yiyun.errors import UserError

app = typer.Typer(
    name="yiyun",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build, check and operate a private cloud for hospitals (MLPS level 3).",
    epilog="Start with: ./yiyun up   (a whole simulated site), then: ./yiyun gate --site lab",
)
for module in (lifecycle, gate, audit, attest, doctor, project):
    module.register(app)
app.add_typer(lab.app, name="lab")
app.add_typer(hosts.app, name="hosts")
app.add_typer(bundle.app, name="bundle")
app.add_typer(policies.app, name="policies")

BAD_INPUT = 2
INTERRUPTED = 130


def main() -> None:
    """Run the CLI. Exit codes: 0 done, 1 a check failed, 2 bad input or environment, 130 interrupted."""
    logging.captureWarnings(capture=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except UserError as error:
        err.print(f"yiyun: {error}", markup=False, style="red")
        sys.exit(BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        err.print("yiyun: interrupted; run the same command again to go on", markup=False)
        sys.exit(INTERRUPTED)
    except OSError as error:
        err.print(f"yiyun: {error}", markup=False, style="red")
        sys.exit(BAD_INPUT)
    except Exception as error:
        show = getattr(error, "show", None)  # click's own usage errors print themselves
        if show is None:
            raise
        show()
        sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
