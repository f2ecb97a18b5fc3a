"""Look code over that a model wrote, before it is run: its form, its names, its calls.

This finds mistakes early and says them to the model; it is no protection. What the code may reach
is settled by `llm_query.sandbox` alone.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeGuard

from llm_query.errors import QueryError
from llm_query.recording import Recording

MOST_SAID = 5  # mistakes in one message


def check_model_code(code: str) -> None:
    """Make sure that code can be meant: it parses, has analyse(recording), and its names exist.

    >>> check_model_code("def analyse(recording):\\n    return sped(recording, 'animal1')")
    Traceback (most recent call last):
    llm_query.errors.QueryError: There is no 'sped' (line 2); did you mean 'speed'?
    """
    try:
        tree = ast.parse(code)
        table = symtable.symtable(code, "analysis", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise QueryError(f"The code is not valid Python{line}: {error}") from None
    wrong = [*_form(tree), *_unknown_names(tree, table), *_wrong_calls(tree, table)]
    if wrong:
        raise QueryError(" ".join(dict.fromkeys(wrong[:MOST_SAID])))


def _form(tree: ast.Module) -> list[str]:
    """Whether there is one function analyse that can be called with a recording."""
    found = [e for e in tree.body if isinstance(e, ast.FunctionDef) and e.name == "analyse"]
    if not found:
        return ["The code has no function analyse(recording). Define it."]
    arguments = found[-1].args
    given = [*arguments.posonlyargs, *arguments.args]
    required = len(given) - len(arguments.defaults)
    lacking = [d for d in arguments.kw_defaults if d is None]
    if not given or required > 1 or lacking:
        return ["analyse must take the recording and nothing else: def analyse(recording)."]
    if not any(isinstance(node, ast.Return | ast.Yield) for node in ast.walk(found[-1])):
        return ["analyse returns nothing. Return what answers the question."]
    return []


def _unknown_names(tree: ast.Module, table: symtable.SymbolTable) -> list[str]:
    """Names that neither the code nor the vocabulary nor Python has."""
    own = _defined(table)
    used = set(_used(table)) - own - _known().keys()
    lines = {node.id: node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return [
        f"There is no '{name}' (line {lines.get(name, 0)}){_instead(name, _known())}"
        for name in sorted(used, key=lambda name: (lines.get(name, 0), name))
    ]


def _wrong_calls(tree: ast.Module, table: symtable.SymbolTable) -> list[str]:
    """Calls of words with parameters they have not, and attributes a recording has not."""
    own, wrong = _defined(table), []
    has = {*dir(Recording), *Recording.__dataclass_fields__}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in _words() and name not in own:
                wrong += _misfit(name, node)
        elif _is_of_recording(node) and node.attr not in has:
            where = f"A recording has no '{node.attr}' (line {node.lineno})"
            wrong.append(f"{where}{_instead(node.attr, [*has, *_words()])}")
    return wrong


def _is_of_recording(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether it is an attribute of the name `recording`."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return False
    return node.value.id == "recording"


def _misfit(name: str, call: ast.Call) -> list[str]:
    """Why a call does not fit the word's parameters."""
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    if starred or any(keyword.arg is None for keyword in call.keywords):
        return []
    signature = inspect.signature(_words()[name])
    try:
        signature.bind(*call.args, **{str(k.arg): k.value for k in call.keywords})
    except TypeError as error:
        plain = ", ".join(signature.parameters)
        return [f"{name}() in line {call.lineno}: {error}; it takes {plain}."]
    return []


def _instead(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1, 0.7)
    return f"; did you mean '{near[0]}'?" if near else "."


def _defined(table: symtable.SymbolTable) -> set[str]:
    """Names that the code itself makes at its top level, or declares global."""
    return {s.get_name() for s in _global_symbols(table) if s.is_assigned() or s.is_imported()}


def _used(table: symtable.SymbolTable) -> Iterable[str]:
    """Names that some part of the code looks for outside of itself."""
    return (s.get_name() for s in _global_symbols(table) if s.is_referenced())


def _global_symbols(table: symtable.SymbolTable) -> Iterable[symtable.Symbol]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if top or symbol.is_global():
            yield symbol
    for child in table.get_children():
        yield from _global_symbols(child)


@cache
def _words() -> dict[str, Any]:
    from llm_query import vocabulary

    return dict(vocabulary.scope())


@cache
def _known() -> Mapping[str, Any]:
    """All names that analysis code finds without defining them."""
    from llm_query.runner import scope

    return {**vars(builtins), **scope(), "__file__": None}
