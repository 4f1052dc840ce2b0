"""Charts among the inputs, rendered and read as the objects that they stand for."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from yiyun.errors import UserError
from yiyun.evidence.charts import helm
from yiyun.evidence.charts.chart import Chart, read_chart
from yiyun.evidence.charts.helm import Part
from yiyun.evidence.charts.values import for_one_chart, read_values
from yiyun.evidence.charts.words import LIBRARY, Refusal
from yiyun.evidence.manifests import Loaded, Manifest, Problem, sort_document
from yiyun.evidence.yaml_documents import Scalars, yaml_documents


def load_charts(paths: Sequence[str], values: Sequence[Path], given: Iterable[str], loaded: Loaded) -> None:
    """Render the charts at `paths` and add their objects to `loaded`; one that cannot be rendered is a problem.

    Raises UserError for values that are bad, or that are not for exactly one chart.
    """
    charts = [read_chart(path) for path in paths]
    for_one_chart(values, [chart.path for chart in charts if not chart.is_library], given)
    contents = read_values(values)
    scalars = Scalars()
    releases: set[str] = set()
    for chart in charts:
        rendered = _rendered(chart, helm.release_name(chart, releases), contents)
        if isinstance(rendered, Refusal):
            reason = f"chart {chart.name} cannot be rendered: {rendered.reason}"
            loaded.problems.append(Problem(rendered.file, rendered.line, reason))
        elif rendered is None:
            reason = f"chart {chart.name} is a library: it renders nothing itself, the charts that include it do"
            loaded.skipped.append(Problem(chart.file, 1, reason))
        else:
            _read(chart, rendered, values, scalars, loaded)


def _rendered(chart: Chart, release: str, contents: Sequence[bytes]) -> list[Part] | Refusal | None:
    """What the chart renders to, why it does not, or None for a library."""
    if chart.is_library:
        return None
    try:
        rendered = helm.render(chart, release, contents)
    except (UserError, OSError) as error:
        return Refusal(chart.file, 1, str(error))
    return None if isinstance(rendered, Refusal) and LIBRARY in rendered.reason else rendered


def _read(chart: Chart, parts: Iterable[Part], values: Sequence[Path], scalars: Scalars, loaded: Loaded) -> None:
    """Add what a chart rendered to. What is no object there is a problem: an API server would refuse it."""
    count = 0
    for part in parts:
        file = chart.file_of(part.template)
        found = Loaded([], [], [], [], [])
        for document in yaml_documents(part.data, scalars):
            if document.problem is not None:
                found.problems.append(Problem(file, document.line, document.problem))
            elif document.value is not None:
                sort_document(document, file, found)
        for item in found.objects:
            _out_of_release_namespace(item)
            loaded.objects.append(item._replace(line=0, template=part.template))
        for problem in (*found.problems, *found.skipped):
            reason = f"{problem.reason} (in what {part.template or 'the chart'} rendered to, line {problem.line})"
            loaded.problems.append(Problem(file, 1, reason))
        count += len(found.objects)
    with_values = f" with {', '.join(map(str, values))}" if values else ""
    loaded.rendered.append(f"{chart.path}: chart {chart.name} was rendered by helm{with_values}: {count} objects")


def _out_of_release_namespace(item: Manifest) -> None:
    """Helm installs both what names the release's namespace and what names none into one: here they name none."""
    if item.data["metadata"].get("namespace") == helm.NAMESPACE:
        del item.data["metadata"]["namespace"]
