"""Joins the page's modules, so that a first load takes few requests: what views share in one file, each view in one.
[pure]

A browser requests each module by itself, 70 of them for a view. Joined, they keep their scopes: a module becomes a
function that is called once and returns what it exports, and an import takes it from there. That needs no parser for
the syntax that the page's modules are written in; anything else is refused.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping

CORE = "core.js"  # exports the modules that are not of a view
ROUTES = "routes.js"  # of `main` alone: it loads the views
# What only readers of the source need: lines of comments, blocks of them, and casts of the type checker.
COMMENTS = re.compile(
    r"^[ \t]*//[^\n]*\n|^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n|/\*\* @\w+ [^*\n]*\*/ ?", re.MULTILINE | re.DOTALL
)
IMPORT = re.compile(r'^import (?:\{(?P<names>[^}]*)\}|\* as (?P<all>\w+)) from "(?P<target>\.{1,2}/[^"]+)";\n', re.M)
FORWARD = re.compile(r'^export \{(?P<names>[^}]*)\} from "(?P<target>\.{1,2}/[^"]+)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:const|function|async function|class) (\w+))", re.M)
OTHER = re.compile(r"^(?:import|export)\b.*", re.M)


def without_comments(source: str) -> str:
    """A module without comments that begin a line, and without casts. Its other lines stay as they are."""
    return COMMENTS.sub("", source)


class UnknownSyntax(ValueError):
    """An import or export that is written in another way, or modules that import each other in a circle."""


def resolve(path: str, target: str) -> str:
    """The path of what the module imports as `target`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def imports(path: str, source: str) -> list[str]:
    matches = [*IMPORT.finditer(source), *FORWARD.finditer(source)]
    return [resolve(path, match["target"]) for match in matches]


def in_order(entries: Iterable[str], sources: Mapping[str, str]) -> list[str]:
    """The entries and what they import, each after what it imports itself. Raises UnknownSyntax for a circle."""
    ordered: dict[str, None] = {}
    open_paths: list[str] = []

    def visit(path: str) -> None:
        if path in open_paths:
            raise UnknownSyntax(f"Modules import each other: {' → '.join([*open_paths, path])}.")
        if path in ordered:
            return
        open_paths.append(path)
        for target in imports(path, sources[path]):
            if target in sources:
                visit(target)
        open_paths.pop()
        ordered[path] = None

    for entry in entries:
        visit(entry)
    return list(ordered)


def scope_name(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))


def joined(sources: Mapping[str, str], entries: Iterable[str], main: str) -> dict[str, str]:
    """CORE, `main` and the entries, each as one module. `sources`: own modules by path; others, such as a library, stay
    modules and are imported by their path. Raises UnknownSyntax."""
    entries = [*entries]
    reachable = in_order([main, *entries], sources)
    private = {path for path in reachable if path.startswith("views/") or path in (main, ROUTES)}
    core = [path for path in reachable if path not in private]
    bundles = {CORE: _bundle(CORE, core, sources, lambda _: True)}
    for entry in (main, *entries):
        own = [path for path in in_order([entry], sources) if path in private]
        bundles[entry] = _bundle(entry, own, sources, lambda path: path in private)
    return bundles


def _bundle(name: str, paths: list[str], sources: Mapping[str, str], is_inside: Callable[[str], bool]) -> str:
    outside: dict[str, None] = {}
    parts = []
    for path in paths:
        body, exported = _body(path, sources[path])
        for target in imports(path, sources[path]):
            if not (target in sources and is_inside(target)):
                outside[target] = None
        if path == name:  # the last one, whose exports are those of the bundle; it may await at its top level
            parts.append(body + _export(exported))
        else:
            keyword = "export const" if name == CORE else "const"
            members = ", ".join(
                f"{public}: {local}" if public != local else local for public, local in exported.items()
            )
            parts.append(f"{keyword} {scope_name(path)} = (() => {{\n{body}return {{ {members} }};\n}})();\n")
    return "".join(_outside_import(name, target, sources) for target in outside) + "".join(parts)


def _outside_import(name: str, target: str, sources: Mapping[str, str]) -> str:
    folder = posixpath.dirname(name) or "."
    if target not in sources:
        return f'import * as {scope_name(target)} from "{_relative(target, folder)}";\n'
    return f'import {{ {scope_name(target)} }} from "{_relative(CORE, folder)}";\n'


def _relative(path: str, folder: str) -> str:
    relative = posixpath.relpath(path, folder)
    return relative if relative.startswith(".") else f"./{relative}"


def _export(exported: Mapping[str, str]) -> str:
    names = [local if local == public else f"{local} as {public}" for public, local in exported.items()]
    return f"export {{ {', '.join(names)} }};\n" if names else ""


def _body(path: str, source: str) -> tuple[str, dict[str, str]]:
    """The module without import and export, and what it exports: public name → expression."""
    exported: dict[str, str] = {}

    def from_scope(match: re.Match[str]) -> str:
        scope = scope_name(resolve(path, match["target"]))
        if match["all"]:
            return f"const {match['all']} = {scope};\n"
        return f"const {{ {', '.join(f'{name}: {local}' for name, local in _names(match['names']))} }} = {scope};\n"

    def forwarded(match: re.Match[str]) -> str:
        scope = scope_name(resolve(path, match["target"]))
        exported.update({public: f"{scope}.{name}" for name, public in _names(match["names"])})
        return ""

    def declared(match: re.Match[str]) -> str:
        exported[match[1]] = match[1]
        return ""

    body = EXPORT.sub(declared, FORWARD.sub(forwarded, IMPORT.sub(from_scope, source)))
    if rest := OTHER.search(body):
        raise UnknownSyntax(f"{path}: {rest[0]}")
    return body, exported


def _names(text: str) -> list[tuple[str, str]]:
    """`a, b as c` → (a, a), (b, c)."""
    words = [name.split() for name in text.split(",") if name.strip()]
    return [(word[0], word[-1]) for word in words]
