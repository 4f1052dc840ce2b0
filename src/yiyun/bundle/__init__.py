"""The air-gap bundle: one directory with all that a site needs and cannot fetch (docs/bundle.md).

This package reads and checks; it depends on nothing but errors and paths, so that every reader may ask it.
`yiyun.bundle.making` makes bundles, from what the toolchain and the host lab have or build.
"""

from yiyun.bundle.reading import VARIABLE, Bundle, opened

__all__ = ["VARIABLE", "Bundle", "opened"]
