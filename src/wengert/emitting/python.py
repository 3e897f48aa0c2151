"""Modules in Python: NumPy with a forward and a backward function, PyTorch's autograd.Function, JAX's custom_vjp, each with its test."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.names import bar
from wengert.core.ir.types import Dim
from wengert.emitting.body import FunctionBody, uses_pi, write
from wengert.emitting.code import NoSize
from wengert.emitting.dialects import DIALECTS, Dialect
from wengert.emitting.layout import call, comment
from wengert.emitting.module import EmittedModule
from wengert.emitting.samples import DEFINITE, Samples, assumed

RESERVED = {
    "numpy": [
        "np",
        "math",
        "forward",
        "backward",
        "test",
        "sigmoid",
        "softplus",
        "erf",
        "xlogy",
        "rng",
        "kept",
        "given",
    ],
    "torch": ["torch", "math", "ctx", "test", "given"],
    "jax": ["jax", "jnp", "math", "np", "forward", "backward", "test", "rng", "kept", "given"],
}
"""Names that a module has for itself."""
Pieces = tuple[list[str], list[str], list[str]]


def python_source(module: EmittedModule, target: str, samples: Samples | None, *, double: bool = False) -> str:
    """The module in a target's language, with its test where samples are given.

    Raises NotWritten where a part has no source.
    """
    dialect = DIALECTS[target]
    forward = _body(module, dialect, backwards=False)
    try:
        backward = _body(module, dialect, backwards=True)
    except NoSize as missing:
        return python_source(module.with_size(str(missing)), target, samples, double=double)
    writer = {"numpy": _numpy, "torch": _torch, "jax": _jax}[target]
    rows = writer(module, forward, backward, samples, double)
    helpers = [
        dialect.helpers[name]
        for name in dict.fromkeys([*forward.arrays.functions.used, *backward.arrays.functions.used])
    ]
    math = uses_pi([*module.forward, *module.backward]) or any("math." in text for text in helpers)
    imports = {
        "numpy": ["import numpy as np"],
        "torch": ["import torch"],
        "jax": ["import jax", "import jax.numpy as jnp"],
    }[target]
    if target == "torch" and not double:
        imports.append("from torch.autograd.function import once_differentiable")
    head = [module_docstring(module), "", *(["import math", ""] if math else []), *imports]
    spaced = [row for helper in helpers for row in ("", "", *helper.splitlines())]
    return "\n".join([*head, *spaced, *rows]) + "\n"


def module_docstring(module: EmittedModule) -> str:
    """What a module begins with: its equations."""
    lines = [each.comment.partition(": ")[2] for each in module.forward]
    wrt = ", ".join(module.identifiers[n] for n in module.wrt)
    body = "\n".join(f"    {line}" for line in lines)
    return f'"""Forward and backward pass, the derivatives by {wrt}, of\n\n{body}\n"""'


def _body(module: EmittedModule, dialect: Dialect, *, backwards: bool) -> FunctionBody:
    names = module.identifiers
    floats = [n for n in (*module.inputs, *(e.name for e in module.forward)) if module.dtype(n) == "float64"]
    if not backwards:
        floats = [n for n in module.inputs if module.dtype(n) == "float64"]
        ranked = [n for n in floats if module.system.quantities[n].type.rank]
        body = FunctionBody(module, dialect, names[(ranked or floats)[0]])
        write(body, module.forward, module.system.recurrences, backwards=False)
        body.sizes(module.inputs)
        return body
    body = FunctionBody(module, dialect, names[bar(module.loss)])
    values = {each.name: each for each in module.forward}
    again = [values[name] for name in module.again]
    if again:
        write(body, again, module.system.recurrences, backwards=False)
    write(body, module.backward, module.system.recurrences, backwards=True)
    body.sizes((bar(module.loss), *module.kept))
    return body


def _kept_comment(module: EmittedModule) -> list[str]:
    names = module.identifiers
    text = f"kept: {', '.join(names[n] for n in module.kept) or 'nothing'}"
    if module.again:
        text += f"; computed again: {', '.join(names[n] for n in module.again)}"
    return comment(text, 4)


def _tuple(names: Sequence[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _shapes(module: EmittedModule) -> list[str]:
    """What each input is, with what is assumed of it, a line an input."""
    rows: list[str] = []
    symmetric, normalised = assumed(module.system)
    for name in module.inputs:
        type = module.system.quantities[name].type
        sizes = [module.identifiers[f"size {n.name}"] if isinstance(n, Dim) else str(n) for n in type.shape]
        kind = "whole numbers" if type.dtype == "int64" else "numbers"
        kind += " that sum to 1" if name in normalised else " that are symmetric" if name in symmetric else ""
        shape = (
            f"{kind}, shape ({', '.join(sizes)}{',' if len(sizes) == 1 else ''})" if sizes else kind.removesuffix("s")
        )
        rows.append(f"    {module.identifiers[name]}: {shape}")
    return rows


def _targets(names: Sequence[str]) -> str:
    """Names that a tuple is taken apart into."""
    return _tuple(names) if len(names) == 1 else ", ".join(names)


def _numpy(
    module: EmittedModule, forward: FunctionBody, backward: FunctionBody, samples: Samples | None, double: bool
) -> list[str]:
    names = module.identifiers
    kept = [names[n] for n in module.kept]
    loss, seed = names[module.loss], names[bar(module.loss)]
    rows = ["", "", *call("def forward", [names[n] for n in module.inputs], ":", 0)]
    rows += [f'    """{loss}, and what the backward pass needs.', "", *_shapes(module), '    """']
    rows += [*forward.lines, *_kept_comment(module)]
    rows += [f"    kept = {_tuple(kept)}", f"    return {loss}, kept"]
    rows += ["", "", f"def backward({seed}, kept):"]
    rows += [f'    """The derivatives by {", ".join(names[n] for n in module.wrt)}, from that by {loss}."""']
    rows += [f"    {_targets(kept)} = kept"] if kept else []
    rows += [*backward.lines, f"    return {', '.join(names[bar(n)] for n in module.wrt)}"]
    return rows + (_numpy_test(module, samples) if samples is not None else [])


def given_values(module: EmittedModule, samples: Samples) -> list[str]:
    """name = … for every input, in NumPy."""
    rows: list[str] = []
    for name in module.inputs:
        shape, region, word = samples.shapes[name], samples.regions[name], module.identifiers[name]
        text = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        forms = {
            "normal": f"0.5 * rng.normal(size={text})",
            "positive": f"abs(rng.normal(size={text})) + 0.2",
            "probability": f"rng.uniform(0.1, 0.9, {text})",
            "above one": f"rng.uniform(1.2, 2.5, {text})",
            "integers": f"rng.integers(0, {samples.below}, {text})",
            DEFINITE: f"rng.normal(size={text})",
        }
        rows.append(f"    {word} = {forms[region]}")
        if region == DEFINITE:
            rows.append(f"    {word} = {word} @ {word}.T + np.eye({shape[0]})")
        if name in samples.symmetric:
            rows.append(f"    {word} = ({word} + {word}.T) / 2")
        if name in samples.normalised:
            rows.append(f"    {word} = (abs({word}) + 0.1) / (abs({word}) + 0.1).sum()")
    return rows


def _numpy_test(module: EmittedModule, samples: Samples) -> list[str]:
    names = module.identifiers
    inputs = [names[n] for n in module.inputs]
    loss, seed = names[module.loss], names[bar(module.loss)]
    checked = ", ".join(f"({module.inputs.index(n)}, {names[bar(n)]})" for n in module.wrt if n in module.inputs)
    rows = ["", "", "def test():", '    """Each derivative against central differences along random directions."""']
    rows += ["    rng = np.random.default_rng(0)", *given_values(module, samples), f"    given = {_tuple(inputs)}"]
    rows += [f"    {loss}, kept = forward(*given)", f"    {seed} = rng.normal(size=np.shape({loss}))"]
    bars = [names[bar(n)] for n in module.wrt]
    rows += [f"    {', '.join(bars)} = backward({seed}, kept)", f"    for place, found in [{checked}]:"]
    rows += [
        "        assert np.shape(found) == np.shape(given[place])",
        "        direction = rng.normal(size=np.shape(found))",
        "        moved = [list(given), list(given)]",
        "        moved[0][place] = given[place] + 1e-6 * direction",
        "        moved[1][place] = given[place] - 1e-6 * direction",
        f"        ahead, behind = ({seed} * forward(*each)[0] for each in moved)",
        "        expected = np.sum(ahead - behind) / 2e-6",
        "        size = np.sum(abs(found * direction)) + abs(expected)",
        "        assert abs(np.sum(found * direction) - expected) <= 1e-5 * size + 1e-7",
        "",
        "",
        'if __name__ == "__main__":',
        "    test()",
        '    print("the derivatives agree with differences")',
    ]
    return rows


def _torch(
    module: EmittedModule, forward: FunctionBody, backward: FunctionBody, samples: Samples | None, double: bool
) -> list[str]:
    names = module.identifiers
    kept, inputs = [names[n] for n in module.kept], [names[n] for n in module.inputs]
    loss, seed = names[module.loss], names[bar(module.loss)]
    rows = ["", "", "class Function(torch.autograd.Function):"]
    rows += [f'    """{loss} of {", ".join(inputs)}."""', "", "    @staticmethod"]
    rows += call("def forward", ["ctx", *inputs], ":", 4)
    rows += [
        *_indented(forward.lines),
        *_indented(_kept_comment(module)),
        f"        ctx.save_for_backward({', '.join(kept)})",
    ]
    rows += [f"        return {loss}", "", "    @staticmethod", *([] if double else ["    @once_differentiable"])]
    rows += [f"    def backward(ctx, {seed}):"]
    rows += [f"        {_targets(kept)} = ctx.saved_tensors"] if kept else []
    results = [names[bar(n)] if n in module.wrt else "None" for n in module.inputs]
    rows += [*_indented(backward.lines), f"        return {', '.join(results)}"]
    if samples is None:
        return rows
    rows += ["", "", "def test():", '    """The derivatives against differences, in float64."""']
    rows += ["    import numpy as np", "", "    rng = np.random.default_rng(0)", *given_values(module, samples)]
    rows += [f"    given = {_tuple(inputs)}", "    given = [torch.tensor(np.asarray(each)) for each in given]"]
    places = [k for k, n in enumerate(module.inputs) if n in module.wrt]
    rows += [f"    for place in {_tuple([str(k) for k in places])}:", "        given[place].requires_grad_(True)"]
    rows += ["    assert torch.autograd.gradcheck(Function.apply, given)"]
    rows += ["    assert torch.autograd.gradgradcheck(Function.apply, given)"] if double else []
    return [
        *rows,
        "",
        "",
        'if __name__ == "__main__":',
        "    test()",
        '    print("the derivatives agree with differences")',
    ]


def _indented(rows: Sequence[str]) -> list[str]:
    return [f"    {row}" if row else row for row in rows]


def _jax(
    module: EmittedModule, forward: FunctionBody, backward: FunctionBody, samples: Samples | None, double: bool
) -> list[str]:
    names = module.identifiers
    kept, inputs = [names[n] for n in module.kept], [names[n] for n in module.inputs]
    loss, seed = names[module.loss], names[bar(module.loss)]
    rows = ["", "", "@jax.custom_vjp", *call("def function", inputs, ":", 0)]
    rows += [f'    """{loss}."""', f"    return forward({', '.join(inputs)})[0]"]
    rows += ["", "", *call("def forward", inputs, ":", 0), f'    """{loss}, and what the backward pass needs."""']
    rows += [*forward.lines, *_kept_comment(module), f"    return {loss}, {_tuple(kept)}"]
    rows += ["", "", f"def backward(kept, {seed}):", f'    """The derivatives by the inputs, from that by {loss}."""']
    rows += [f"    {_targets(kept)} = kept"] if kept else []
    results = [names[bar(n)] if n in module.wrt else "None" for n in module.inputs]
    rows += [*backward.lines, f"    return {_tuple(results)}", "", "", "function.defvjp(forward, backward)"]
    if samples is None:
        return rows
    rows += ["", "", "def test():", '    """The derivatives against differences, in float64."""']
    rows += ["    import numpy as np", "    from jax.test_util import check_grads", ""]
    rows += [
        '    jax.config.update("jax_enable_x64", True)',
        "    rng = np.random.default_rng(0)",
        *given_values(module, samples),
    ]
    rows += [f"    given = [jnp.asarray(each) for each in {_tuple(inputs)}]"]
    places = [k for k, n in enumerate(module.inputs) if n in module.wrt]
    rows += [f"    for place in {_tuple([str(k) for k in places])}:"]
    rows += ["        moved = lambda x, k=place: function(*given[:k], x, *given[k + 1 :])  # noqa: E731"]
    rows += ['        check_grads(moved, (given[place],), 1, modes=["rev"])']
    return [
        *rows,
        "",
        "",
        'if __name__ == "__main__":',
        "    test()",
        '    print("the derivatives agree with differences")',
    ]
