"""Programs of the control machine: what `yiyun.toolchain` finds or builds, for each architecture."""

from pathlib import Path

from yiyun import toolchain
from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.errors import UserError
from yiyun.lab.hosts.tools import native_arch
from yiyun.toolchain import builder
from yiyun.toolchain.recipe import Recipe, recipe_of


def make(wish: Wish, report: Report) -> Made:
    """The pinned builds; for the machine's own architecture also what YIYUN_BIN holds. Never a program of PATH."""
    made = Made()
    for arch in wish.arches:
        for recipe in {recipe_of(tool).name: recipe_of(tool) for tool in toolchain.ALL}.values():
            tools = [tool for tool in toolchain.ALL if tool in recipe.build.binaries]
            try:
                places = [_find(recipe, tool, arch, report) for tool in tools]
            except UserError as error:
                for tool in tools:
                    made.lack("binary", tool, str(error), arch=arch)
                continue
            scripts = [Path(file).name for file in (recipe.build.scripts.files if recipe.build.scripts else ())]
            for path in [*places, *(places[0].parent / name for name in scripts)]:
                if path.exists():
                    target = f"{layout.binaries(arch)}/{path.name}"
                    made.pieces.append(Piece(target, path, "binary", path.name, recipe.pins_hash, arch))
                else:
                    made.lack("binary", path.name, f"it does not stand beside {places[0]}", arch=arch)
    return made


def _find(recipe: Recipe, tool: str, arch: str, report: Report) -> Path:
    there = toolchain.locate(tool) if arch == native_arch() else None
    if there is not None and there.source != "PATH":
        return there.path
    return builder.build(recipe.built_for(arch), report) / tool
