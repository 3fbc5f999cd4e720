"""The words of the code: names are the field's nouns and verbs, and machines do not tell, know or want."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("system", "pm2", "rediscluster", "benchmarks", "monitoring", "pm2site", "dashboard_client", "perf", "tests")
# Whole names that say nothing about the value.
NAMES = {
    "each", "found", "made", "asked", "told", "said", "shown", "wanted", "going", "go", "it", "standing", "lineage",
    "thing", "things", "stuff", "heard", "calling", "meant", "doubts", "foreigners", "strangers", "witness", "scribe",
}  # fmt: skip
# Words that no part of a name is.
PARTS = {"told", "said", "wanted", "going", "standing", "lineage", "whoever", "heard", "calling", "scribe", "witness"}
# Words of a translation, in comments, docstrings and messages.
PROSE = re.compile(
    r"\b(whoever|whom|whatsoever|thereby|whereupon|seldom|tells|told|wants|wanted|forerunners?|beforehand|brothers?"
    r"|says so|to be told|and no others?|knows (?:nothing|neither|no)|is asked for|that is to be)\b",
    re.IGNORECASE,
)


def sources(folder: str) -> Iterator[tuple[Path, str]]:
    """Path and text of every source file in a folder."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" not in file.parts and "node_modules" not in file.parts and file != Path(__file__):
            yield file, file.read_text()


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that the file itself gives: line, name."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.arg():
                yield node.lineno, node.arg
            case ast.alias(asname=str(name)):
                yield 0, name
            case ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)):
                yield node.lineno, name


def words_of(name: str) -> list[str]:
    """`NotFoundError` and `not_found_error` → not, found, error."""
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


@cache
def is_forbidden(name: str) -> bool:
    return name.strip("_").lower() in NAMES or not PARTS.isdisjoint(words_of(name))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_is_on_the_list(folder: str) -> None:
    wrong = []
    for file, text in sources(folder):
        wrong += [str(file.relative_to(ROOT))] * is_forbidden(file.stem)
        if any(is_forbidden(word) for word in set(re.findall(r"\w+", text))):  # parsing all files takes seconds
            lines = [f"{line} {name}" for line, name in names(ast.parse(text)) if is_forbidden(name)]
            wrong += [f"{file.relative_to(ROOT)}:{line}" for line in lines]

    assert wrong == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_comment_docstring_or_message_reads_like_a_translation(folder: str) -> None:
    wrong = []
    for file, text in sources(folder):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline) if PROSE.search(text) else ()
        for token in tokens:
            if token.type in (tokenize.STRING, tokenize.COMMENT):
                wrong += [f"{file.relative_to(ROOT)}:{token.start[0]} {word}" for word in PROSE.findall(token.string)]

    assert wrong == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("each", True),
        ("_told", True),
        ("as_told", True),
        ("ProcessNotFound", False),
        ("found", True),
        ("process", False),
    ],
)
def test_the_list_is_applied_to_whole_names_and_to_parts(name: str, expected: bool) -> None:
    assert is_forbidden(name) is expected
