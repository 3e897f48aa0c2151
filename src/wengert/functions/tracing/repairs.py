"""What to write instead of functions that traced values do not answer to, by name. It knows no graph."""

from __future__ import annotations

from typing import Any

_BY_NAME = {
    "Return the value from the function, and write it out there.": (
        "array2string array_repr array_str save savez savez_compressed savetxt datetime_as_string"
    ),
    "Compare entry by entry:  np.any(x[:, None] == y, axis=1)": "isin intersect1d setdiff1d setxor1d union1d",
    "Count outside of the function; weights are added up by:  np.bincount(places, weights)": (
        "histogram histogram2d histogramdd histogram_bin_edges"
    ),
    "How many there are depends on values; keep the shape:  np.where(mask, x, 0)": "nonzero flatnonzero argwhere unique",
    "Multiply the coefficients:  np.convolve(a, b)": "polymul",
    "Divide the values:  np.polyval(a, x) / np.polyval(b, x)": "polydiv",
    "Take the eigenvalues of the companion matrix:  np.linalg.eigvals(a)": "roots",
    "Cut at places that are known:  x[a:b]": "trim_zeros",
    "Convert the numbers, not their bytes:  x.astype(dtype)": "packbits unpackbits bitwise_count",
    "Ask it of the arrays outside of the function that is differentiated.": "shares_memory may_share_memory",
    "Write the function with arrays, or map it over them:  wg.vmap(f)(x)": "vectorized",
    "Sort real and imaginary parts:  np.lexsort((x.imag, x.real))": "sort_complex",
    "Make the arrays of indices outside of the function, where they are numbers.": (
        "ix_ ravel_multi_index unravel_index diag_indices_from tril_indices_from triu_indices_from"
    ),
    "Use dates outside of the function, and numbers inside.": "busday_count busday_offset is_busday isnat",
}
_REPAIRS = {name: repair for repair, names in _BY_NAME.items() for name in names.split()}
_OTHERS = "Write it with functions of the table in docs/coverage.md, or give its derivative:  @wg.primitive"


def called(function: Any) -> str:
    """The name of what was called, for messages."""
    if isinstance(function, tuple):
        ufunc, method = function
        return f"{ufunc.__name__}.{method}"
    return str(getattr(function, "__name__", function))


_ATTRIBUTES = {
    "Write the function, which gives a new array:  x = np.partition(x, k)": "partition",
    "Write the function, which gives a new array:  x = np.resize(x, shape)": "resize",
    "Convert the numbers, not their bytes:  x.astype(dtype)": "view byteswap getfield setfield",
    "Return the value from the function, and write it out there.": "dump dumps tobytes tofile",
}
_OF_ATTRIBUTES = {name: repair for repair, names in _ATTRIBUTES.items() for name in names.split()}


def instead_of_attribute(name: str) -> str:
    """The third line of the message that traced values do not have an attribute of arrays."""
    return _OF_ATTRIBUTES.get(name, "Ask it of the arrays outside of the function that is differentiated.")


def repair_of(function: Any) -> str:
    """The third line of the message that a function has no form in a graph."""
    name = str(getattr(function, "__name__", function))
    return _REPAIRS.get("vectorized" if name.endswith("(vectorized)") else name, _OTHERS)
