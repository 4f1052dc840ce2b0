"""Renders the templates of roles outside of Ansible, with the same result, or refuses them.

Ansible 2.19 renders natively (one expression keeps its type), with `trim_blocks`, and keeps the newlines at the end of
a template; so does this. Where plain Jinja could differ from Ansible (a filter that only Ansible has, a filter that
Ansible replaces by its own, an undefined value inside of a chain) the template is refused: a promise that plan and
role understand differently is worse than none.
"""

import re
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes, pass_context
from jinja2.nativetypes import NativeCodeGenerator, NativeTemplate
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from yiyun.errors import UserError

FILTERS = frozenset(
    [
        "abs",
        "batch",
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "float",
        "format",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "round",
        "select",
        "selectattr",
        "sort",
        "string",
        "sum",
        "title",
        "trim",
        "unique",
        "upper",
    ]
)
"""Filters with the same result in plain Jinja and in Ansible."""
MARKS = ("{{", "{%", "{#")
_BLOCKS = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_VARIABLES = "yiyun lazy variables"

Lookup = Callable[[str], Any]
"""Gives the value of a variable; raises KeyError for one that is not there."""


class _Context(Context):
    """Asks for a variable when it is used, so that one broken variable breaks only what uses it."""

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        if found is missing:
            try:
                found = self.parent[_VARIABLES](key)
            except KeyError:
                return missing
        return found


class _Template(NativeTemplate):
    pass


class _Environment(SandboxedEnvironment):
    code_generator_class = NativeCodeGenerator
    template_class = _Template
    context_class = _Context

    @staticmethod
    def concat(values: Iterable[Any]) -> Any:
        """One value keeps its type, several become text."""
        found = list(values)
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        return "".join(str(value) for value in found)


_Template.environment_class = _Environment  # type: ignore[assignment]


@pass_context
def _finalize(_: Context, value: Any) -> Any:
    """Make generators lists; that it wants a context keeps Jinja from turning constants into text."""
    return list(value) if isinstance(value, types.GeneratorType) else value


class Templates:
    """Compiled templates of one role, shared by all hosts."""

    def __init__(self, directory: Path) -> None:
        """Files are searched below `directory`, the role's templates/."""
        self.directory = directory
        self.environment = _Environment(
            loader=jinja2.FileSystemLoader(directory),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            finalize=_finalize,
            auto_reload=False,
        )
        self.environment.filters = {
            name: function for name, function in self.environment.filters.items() if name in FILTERS
        }
        self.environment.globals.pop("lipsum")
        self.compiled: dict[str, jinja2.Template] = {}
        self.sources: dict[str, str] = {}

    def text(self, source: str, lookup: Lookup, where: str) -> Any:
        """Render the value of a variable. Raises UserError beginning with `where`."""
        if not any(mark in source for mark in MARKS):
            return source
        if any("\\" in block for block in _BLOCKS.findall(source)):
            raise UserError(
                f"{where}: a backslash between braces, which Ansible doubles; keep it in a variable of its own"
            )
        return self._render(source, lookup, where)

    def file(self, name: str, lookup: Lookup) -> str:
        """Render a file below templates/. Raises UserError beginning with its `file:line` where Jinja knows it."""
        path = self.directory / name
        if name not in self.sources:
            try:
                self.sources[name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(f"{path}: cannot be read: {error}") from None
        rendered = self._render(self.sources[name], lookup, str(path), is_file=True)
        return "" if rendered is None else str(rendered)

    def _render(self, source: str, lookup: Lookup, where: str, *, is_file: bool = False) -> Any:
        try:
            template = self.compiled.get(source)
            if template is None:
                template = self.compiled[source] = self._compile(source)
            parts = template.root_render_func(template.new_context({_VARIABLES: lookup}))
            result = self.environment.concat(parts)
            if isinstance(result, jinja2.Undefined):
                str(result)  # raises
        except jinja2.TemplateSyntaxError as error:
            place = f"{where}:{error.lineno}" if is_file else where
            raise UserError(f"{place}: {_named(error)}") from None
        except jinja2.TemplateNotFound as error:
            raise UserError(f"{where}: includes {error.name}, which is not below {self.directory}") from None
        except jinja2.UndefinedError as error:
            raise UserError(
                f"{where}: {error}; templates know the role's defaults, the inventory's variables, yiyun_os, yiyun_host "
                "and yiyun_site, no facts of Ansible"
            ) from None
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise UserError(f"{where}: {error}") from None
        if isinstance(result, str):
            lost = _newlines_at_end(source) - _newlines_at_end(result)
            result += "\n" * max(0, lost)
        return result

    def _compile(self, source: str) -> jinja2.Template:
        for found in self.environment.parse(source).find_all(nodes.Filter):
            if found.name not in FILTERS:
                raise jinja2.TemplateSyntaxError(f"no filter named {found.name!r}", found.lineno)
        return self.environment.from_string(source)


def _named(error: jinja2.TemplateSyntaxError) -> str:
    text = str(error.message)
    if "filter named" in text:
        text += f" here; promises use {', '.join(sorted(FILTERS))}"
    return text


def _newlines_at_end(text: str) -> int:
    return len(text) - len(text.rstrip("\n"))
