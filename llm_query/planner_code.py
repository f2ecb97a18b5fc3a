"""Make sure that code of the offline planner does nothing but call the vocabulary.

Such code may run also where confinement is not complete, so everything it may contain is listed
here; what is not listed is refused. Whoever could write a study could put other code into it.
"""

from __future__ import annotations

import ast

from llm_query.errors import QueryError

ALLOWED_NODES = (
    ast.FunctionDef, ast.arguments, ast.arg, ast.Expr, ast.Constant, ast.Assign, ast.For,
    ast.If, ast.Continue, ast.Return, ast.Name, ast.Load, ast.Store, ast.Call, ast.keyword,
    ast.Attribute, ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.comprehension,
    ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.BitAnd, ast.BitOr, ast.Div, ast.Sub, ast.Add,
    ast.UnaryOp, ast.Invert, ast.USub, ast.Compare, ast.Eq, ast.NotEq, ast.In, ast.Subscript,
    ast.Slice, ast.Starred,
)  # fmt: skip
ALLOWED_BUILTINS = frozenset({"enumerate", "float"})
ALLOWED_METHODS = frozenset(
    """append named within any_target then at_least at_most first last nth position hypot items
    to_numpy setdefault only after before starts_in longer_than shorter_than of_group""".split()  # noqa: SIM905 (reads better than a column of names)
)
NUMPY = frozenset({"hypot"})  # the only function of np
ALLOWED_ATTRIBUTES = ALLOWED_METHODS | frozenset(
    ("animals", "fps", "duration_s", "unit", "T", "behaviour")
)


def check_code(code: str) -> None:
    """Refuse code that is not one function calling the vocabulary and methods of bouts.

    >>> check_code("def analyse(recording):\\n    return open('x')")
    Traceback (most recent call last):
    llm_query.errors.QueryError: The analysis calls open, which is not part of the vocabulary.
    """
    from llm_query import vocabulary

    words = frozenset(vocabulary.scope()) | ALLOWED_BUILTINS
    function = _only_function(code)
    placed = set()  # names whose use is checked here
    for node in ast.walk(function):
        if not isinstance(node, ALLOWED_NODES):
            raise QueryError(
                f"The analysis uses {type(node).__name__}, which planner code never does."
            )
        if isinstance(node, ast.Attribute) and node.attr not in ALLOWED_ATTRIBUTES:
            raise QueryError(
                f"The analysis uses .{node.attr}, which is not part of the vocabulary."
            )
        if isinstance(node, ast.Call):
            _check_call(node, words)
            placed.add(id(node.func))
            if isinstance(node.func, ast.Attribute) and node.func.attr in NUMPY:
                placed.add(id(node.func.value) if _is_numpy(node.func.value) else 0)
    _check_names(function, words, placed)


def _only_function(code: str) -> ast.FunctionDef:
    """The code's one statement: def analyse(recording), with nothing that runs before it."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise QueryError(f"The analysis is not valid Python: {error}") from error
    one = body[0] if len(body) == 1 else None
    if not isinstance(one, ast.FunctionDef) or one.name != "analyse":
        raise QueryError("Planner code is one function, analyse(recording), and nothing else.")
    taken = one.args
    further = taken.posonlyargs, taken.kwonlyargs, taken.defaults, taken.kw_defaults
    names = [each.arg for each in taken.args]
    if names != ["recording"] or any(further) or taken.vararg or taken.kwarg:
        raise QueryError("analyse() of planner code takes the recording and nothing else.")
    if one.decorator_list or one.returns or taken.args[0].annotation:
        raise QueryError("analyse() of planner code has no decorator and no annotation.")
    if any(isinstance(node, ast.FunctionDef) for node in ast.walk(one) if node is not one):
        raise QueryError("Planner code defines no further function.")
    return one


def _check_call(node: ast.Call, words: frozenset[str]) -> None:
    function = node.func
    if isinstance(function, ast.Name):
        if function.id not in words:
            raise QueryError(
                f"The analysis calls {function.id}, which is not part of the vocabulary."
            )
    elif not isinstance(function, ast.Attribute):
        raise QueryError("The analysis calls what it has worked out itself, not a word.")
    elif function.attr not in ALLOWED_METHODS:
        raise QueryError(f"The analysis calls .{function.attr}(), which is not allowed.")


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "np"


def _check_names(function: ast.FunctionDef, words: frozenset[str], placed: set[int]) -> None:
    """A word is only ever called; every other name has been given a value here before."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    taken = sorted(own & (words | {"recording", "np"}))
    if taken:
        raise QueryError(f"The analysis gives {taken[0]} another meaning.")
    known = own | {"recording"}
    for node in names:
        if isinstance(node.ctx, ast.Load) and id(node) not in placed and node.id not in known:
            raise QueryError(f"The analysis uses {node.id}, which it has not worked out itself.")
