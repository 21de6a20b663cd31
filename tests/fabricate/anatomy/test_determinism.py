"""Bodies are the same on every machine because of what their code does not do."""

import ast
from pathlib import Path

import pytest

import dicomfabd.fabricate.anatomy

FOLDER = Path(dicomfabd.fabricate.anatomy.__file__).parent
# Functions whose last bit depends on the library, the processor or the order of summation.
INEXACT = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "arctan2",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "power",
        "pow",
        "float_power",
        "hypot",
        "cbrt",
        "dot",
        "matmul",
        "einsum",
        "tensordot",
        "inner",
        "sum",
        "mean",
        "std",
        "var",
        "prod",
        "cumsum",
        "convolve",
        "interp",
        "linalg",
        "fft",
        "random",
    ]
)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_painters_use_only_what_ieee_754_defines_to_the_last_bit(file):
    """Plus, minus, times, divide, square root and comparisons; powers only of whole exponents."""
    tree = ast.parse(file.read_text())

    inexact = [
        f"{node.lineno}: {node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in INEXACT and not _is_of_python(node)
    ]
    powers = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and not (isinstance(node.right, ast.Constant) and isinstance(node.right.value, int))
    ]
    products = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.MatMult)]

    assert ([], [], []) == (inexact, powers, products)


def _is_of_python(node: ast.Attribute) -> bool:
    """Tell random numbers of the standard library, whose stream is promised, from NumPy's."""
    return node.attr == "random" and not (isinstance(node.value, ast.Name) and node.value.id == "np")
