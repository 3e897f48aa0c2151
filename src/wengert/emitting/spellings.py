"""The spellings of the vocabulary in NumPy, PyTorch, JAX and C, and the helper functions that some need: tables.

A function that a table leaves out has no source in that language; an op whose value asks for it is refused there by name.
"""

from __future__ import annotations

from collections.abc import Callable

from wengert.emitting.code import CHOICE, PRODUCT, SourceCode, Spelling, as_code, compared, to_the_power

CALLS = [
    "exp",
    "expm1",
    "exp2",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "sqrt",
    "abs",
    "sign",
    "floor",
    "hypot",
]
ARC = ["arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "arctan2"]


def calls(prefix: str, names: list[str]) -> dict[str, Spelling]:
    """name({0}) or name({0}, {1}) in a module."""
    return {
        name: f"{prefix}{name}({{0}}, {{1}})" if name in ("hypot", "arctan2") else f"{prefix}{name}({{0}})"
        for name in names
    }


def both(sign: str, word: str) -> Callable[..., SourceCode]:
    """x & y of conditions."""
    return lambda x, y: SourceCode(f"({x.text}) {sign} ({y.text})", 2) if word else SourceCode("")


def integer_power(x: SourceCode, exponent: int) -> SourceCode:
    """x ** n for a whole n."""
    return to_the_power(x, as_code(exponent)) if exponent >= 0 else 1 / to_the_power(x, as_code(-exponent))


ATOM_ONLY = 9
ARRAYS: dict[str, Spelling] = {
    "power": to_the_power,
    "integer_power": integer_power,
    "logical_not": lambda x: SourceCode(f"~{x.at(ATOM_ONLY)}", 7),
    "logical_and": both("&", "and"),
    "logical_or": both("|", "or"),
    "logistic": "sigmoid({0})",
    "logistic_slope": lambda x: SourceCode(f"sigmoid({x.text}) * sigmoid({(-x).text})", PRODUCT),
    "softplus": "softplus({0})",
    "sech2": lambda x: SourceCode(f"1 / cosh({x.text}) ** 2", PRODUCT),
    "gauss": lambda x: SourceCode(f"exp(-{x.at(ATOM_ONLY)} ** 2)"),
    "real": lambda x: x,
    "ones_like": lambda x: as_code(1),
    "zeros_like": lambda x: as_code(0),
    "floor_divide": lambda x, y: SourceCode(f"{x.at(PRODUCT)} // {y.at(PRODUCT + 1)}", PRODUCT),
    "remainder": lambda x, y: SourceCode(f"{x.at(PRODUCT)} % {y.at(PRODUCT + 1)}", PRODUCT),
}


def in_module(prefix: str) -> dict[str, Spelling]:
    """What the array libraries share, with the module's name in front."""
    table = {**ARRAYS, **calls(prefix, [*CALLS, *ARC])}
    table["sech2"] = lambda x: SourceCode(f"1 / {prefix}cosh({x.text}) ** 2", PRODUCT)
    table["gauss"] = lambda x: SourceCode(f"{prefix}exp(-({x.text}) ** 2)")
    table["where"] = f"{prefix}where({{0}}, {{1}}, {{2}})"
    table["logaddexp"] = f"{prefix}logaddexp({{0}}, {{1}})"
    table["round"] = f"{prefix}round({{0}})"
    return table


NUMPY: dict[str, Spelling] = {
    **in_module("np."),
    "maximum": "np.maximum({0}, {1})",
    "minimum": "np.minimum({0}, {1})",
    "cbrt": "np.cbrt({0})",
    "fmod": "np.fmod({0}, {1})",
    "erf": "erf({0})",
    "erfc": lambda x: SourceCode(f"1 - erf({x.text})", 5),
    "cast": lambda x, dtype: SourceCode(f"{x.at(ATOM_ONLY)}.astype({dtype_word(dtype)})"),
    "xlogy": "xlogy({0}, {1})",
}


def dtype_word(dtype: str) -> str:
    """int, bool or float, as the arrays' astype takes them."""
    return {"int64": "int", "bool": "bool"}.get(dtype, "float")


NUMPY_HELPERS = {
    "sigmoid": '''def sigmoid(z):
    """1 / (1 + e^-z), for large |z| too."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)''',
    "softplus": '''def softplus(z):
    """log(1 + e^z), for large z too."""
    return np.logaddexp(0, z)''',
    "softmax": '''def softmax(z, axis):
    """e^z / sum of e^z, for large z too."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)''',
    "logsumexp": '''def logsumexp(z, axis):
    """log of the sum of e^z, for large z too."""
    m = z.max(axis=axis, keepdims=True)
    return np.log(np.exp(z - m).sum(axis=axis)) + m.squeeze(axis)''',
    "erf": """erf = np.vectorize(math.erf, otypes=[float])""",
    "xlogy": '''def xlogy(x, y):
    """x log y, and 0 where x is 0."""
    return x * np.log(np.where(x == 0, 1.0, y))''',
}


def _clamped(word: str, function: str) -> Callable[..., SourceCode]:
    """PyTorch's maximum and minimum with a number."""

    def write(x: SourceCode, y: SourceCode) -> SourceCode:
        if not any(letter.isalpha() for letter in y.text):
            return SourceCode(f"{x.at(ATOM_ONLY)}.clamp({word}={y.text})")
        return SourceCode(f"torch.{function}({x.text}, {y.text})")

    return write


def _torch_cast(x: SourceCode, dtype: str) -> SourceCode:
    return SourceCode(
        f"{x.at(ATOM_ONLY)}.{ {'int64': 'long', 'bool': 'bool'}.get(dtype, 'double') }()".replace(" ", "")
    )


TORCH: dict[str, Spelling] = {
    **in_module("torch."),
    "maximum": _clamped("min", "maximum"),
    "minimum": _clamped("max", "minimum"),
    "logistic": "torch.sigmoid({0})",
    "logistic_slope": lambda x: SourceCode(f"torch.sigmoid({x.text}) * torch.sigmoid({(-x).text})", PRODUCT),
    "softplus": "torch.nn.functional.softplus({0}, threshold=700)",
    "erf": "torch.erf({0})",
    "erfc": "torch.erfc({0})",
    "erfinv": "torch.erfinv({0})",
    "xlogy": "torch.xlogy({0}, {1})",
    "lgamma": "torch.lgamma({0})",
    "digamma": "torch.digamma({0})",
    "fmod": "torch.fmod({0}, {1})",
    "cast": _torch_cast,
}
JAX: dict[str, Spelling] = {
    **in_module("jnp."),
    "maximum": "jnp.maximum({0}, {1})",
    "minimum": "jnp.minimum({0}, {1})",
    "cbrt": "jnp.cbrt({0})",
    "fmod": "jnp.fmod({0}, {1})",
    "logistic": "jax.nn.sigmoid({0})",
    "logistic_slope": lambda x: SourceCode(f"jax.nn.sigmoid({x.text}) * jax.nn.sigmoid({(-x).text})", PRODUCT),
    "softplus": "jax.nn.softplus({0})",
    "erf": "jax.scipy.special.erf({0})",
    "erfc": "jax.scipy.special.erfc({0})",
    "erfinv": "jax.scipy.special.erfinv({0})",
    "xlogy": "jax.scipy.special.xlogy({0}, {1})",
    "lgamma": "jax.scipy.special.gammaln({0})",
    "digamma": "jax.scipy.special.digamma({0})",
    "cast": lambda x, dtype: SourceCode(f"{x.at(ATOM_ONLY)}.astype({dtype_word(dtype)})"),
}


def _chosen(condition: SourceCode, x: SourceCode, y: SourceCode) -> SourceCode:
    return SourceCode(f"{condition.at(CHOICE + 1)} ? {x.at(CHOICE + 1)} : {y.at(CHOICE + 1)}", CHOICE)


def _sign(x: SourceCode) -> SourceCode:
    return SourceCode(f"(double)(({x.text}) > 0) - (double)(({x.text}) < 0)", 5)


def _repeated(x: SourceCode, exponent: int) -> SourceCode:
    if exponent in (2, 3) and x.text.replace("_", "a").isalnum():
        return SourceCode(" * ".join([x.text] * exponent), PRODUCT)
    return SourceCode(f"pow({x.text}, {exponent})") if exponent != 2 else SourceCode(f"squared({x.text})")


def _c_cast(x: SourceCode, dtype: str) -> SourceCode:
    word = {"int64": "long", "bool": "int"}.get(dtype, "double")
    return SourceCode(f"({word}){x.at(ATOM_ONLY)}", 7)


C: dict[str, Spelling] = {
    **calls("", [name for name in CALLS if name not in ("abs", "sign")]),
    **{name: f"{name.replace('arc', 'a')}({{0}}{', {1}' if name == 'arctan2' else ''})" for name in ARC},
    "abs": "fabs({0})",
    "sign": _sign,
    "maximum": "fmax({0}, {1})",
    "minimum": "fmin({0}, {1})",
    "cbrt": "cbrt({0})",
    "fmod": "fmod({0}, {1})",
    "round": "nearbyint({0})",
    "erf": "erf({0})",
    "erfc": "erfc({0})",
    "lgamma": "lgamma({0})",
    "power": "pow({0}, {1})",
    "integer_power": _repeated,
    "where": _chosen,
    "logical_not": lambda x: SourceCode(f"!{x.at(ATOM_ONLY)}", 7),
    "logical_and": lambda x, y: SourceCode(f"({x.text}) && ({y.text})", 3),
    "logical_or": lambda x, y: SourceCode(f"({x.text}) || ({y.text})", 2),
    "logistic": "sigmoid({0})",
    "logistic_slope": lambda x: SourceCode(f"sigmoid({x.text}) * sigmoid({(-x).text})", PRODUCT),
    "softplus": "softplus({0})",
    "logaddexp": "logaddexp({0}, {1})",
    "sech2": lambda x: SourceCode(f"1.0 / (cosh({x.text}) * cosh({x.text}))", PRODUCT),
    "gauss": lambda x: SourceCode(f"exp(-({x.text}) * ({x.text}))"),
    "xlogy": lambda x, y: _chosen(
        compared(x, "==", as_code(0)), as_code(0), SourceCode(f"{x.at(PRODUCT)} * log({y.text})", PRODUCT)
    ),
    "real": lambda x: x,
    "ones_like": lambda x: SourceCode("1.0"),
    "zeros_like": lambda x: SourceCode("0.0"),
    "cast": _c_cast,
}
C_HELPERS = {
    "sigmoid": """/* 1 / (1 + e^-z), for large |z| too */
static double sigmoid(double z) {
    return z >= 0 ? 1.0 / (1.0 + exp(-z)) : exp(z) / (1.0 + exp(z));
}""",
    "softplus": """/* log(1 + e^z), for large z too */
static double softplus(double z) {
    return fmax(z, 0.0) + log1p(exp(-fabs(z)));
}""",
    "logaddexp": """static double logaddexp(double x, double y) {
    return fmax(x, y) + log1p(exp(-fabs(x - y)));
}""",
    "squared": """static double squared(double x) {
    return x * x;
}""",
}


TRITON: dict[str, Spelling] = {
    **{
        name: f"tl.{name}({{0}})"
        for name in ("exp", "exp2", "log", "log2", "sin", "cos", "sqrt", "abs", "floor", "erf")
    },
    "tanh": lambda x: SourceCode(f"2 * tl.sigmoid({(2 * x).text}) - 1", 5),
    "logistic": "tl.sigmoid({0})",
    "logistic_slope": lambda x: SourceCode(f"tl.sigmoid({x.text}) * tl.sigmoid({(-x).text})", PRODUCT),
    "softplus": lambda x: SourceCode(f"tl.maximum({x.text}, 0.0) + tl.log(1 + tl.exp(-tl.abs({x.text})))", 5),
    "maximum": "tl.maximum({0}, {1})",
    "minimum": "tl.minimum({0}, {1})",
    "where": "tl.where({0}, {1}, {2})",
    "logical_not": lambda x: SourceCode(f"~{x.at(ATOM_ONLY)}", 7),
    "logical_and": both("&", "and"),
    "logical_or": both("|", "or"),
    "real": lambda x: x,
    "zeros_like": lambda x: SourceCode("0.0"),
    "ones_like": lambda x: SourceCode("1.0"),
}
