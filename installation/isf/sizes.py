"""Sizes of passes: WIDTH and HEIGHT are numbers or formulas such as `floor($WIDTH / 4.0)`.

A formula knows $WIDTH and $HEIGHT, the inputs that are numbers by their names with a dollar, + - * / % **, brackets, and a few
functions. It is read as a tree and worked out by us: nothing of it is ever run.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

LARGEST_PX = 8192

_TWO: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: math.fmod,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log2": math.log2,
    "max": max,
    "min": min,
    "mod": math.fmod,
    "pow": operator.pow,
    "round": round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "trunc": math.trunc,
}


def size(formula: str, values: Mapping[str, float]) -> int:
    """The number of pixels, 1 to 8,192, that a formula comes to for these `values` by name, without dollars.

    Raises:
        ValueError: it is no formula, or uses what is not known here.
    """
    try:
        tree = ast.parse(re.sub(r"\$(\w+)", r"\1", formula.strip()), mode="eval")
        found = float(_value(tree.body, values))
    except (SyntaxError, ArithmeticError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"'{formula[:80]}' is no formula for a size ({str(error)[:80]})") from error
    if not math.isfinite(found):
        raise ValueError(f"'{formula[:80]}' comes to {found}")
    return int(min(max(found, 1.0), LARGEST_PX))


def _value(node: Any, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            if name not in values:
                raise ValueError(f"${name} is not known; there are {', '.join('$' + each for each in values)}")
            return float(values[name])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _TWO:
            return _TWO[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name.lower() in _FUNCTIONS:
            return float(_FUNCTIONS[name.lower()](*(_value(arg, values) for arg in args)))
    raise ValueError("only numbers, inputs, + - * / % ** and functions such as floor, min and max are known in sizes")
