"""Custom resource definitions: those of crds.lock, each with its locked hash."""

import gzip
import io
from collections.abc import Iterable

from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.crds import model, sources
from yiyun.crds.sources import Sources


def make(wish: Wish, report: Report) -> Made:
    """One file per project. A definition that no source has is lacking, with what each source said."""
    del wish
    made = Made()
    source = Sources(sources.bundle_dir(), sources.crd_cache(), report)
    for project in model.read().projects:
        found = source.find([project])
        for kind in project.kinds:
            if kind.name not in found:
                made.lack("crd", kind.name, "; ".join(source.missing.get(kind.name, ["no source has it"])))
        if found:
            content = _compressed(found[kind.name].data for kind in project.kinds if kind.name in found)
            made.pieces.append(Piece(f"{layout.CRDS}/{project.bundle}", content, "crd", project.name, project.version))
    return made


def _compressed(definitions: Iterable[bytes]) -> bytes:
    """Gzip of one definition a line; the same definitions give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        for data in definitions:
            file.write(data.rstrip(b"\n") + b"\n")
    return buffer.getvalue()
