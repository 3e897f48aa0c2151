"""Which forward function belongs to which backward function: by their names, and by what is written in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wengert.programs.names import LOSS, quantity
from wengert.programs.source import Program

BACK = re.compile(r"[Bb]ackward|[Bb]ack_?[Pp]rop|bprop|_bwd|_grads?$")
WORDS = re.compile(r"backward|back_?prop(agation|agate)?|bprop", re.I)
NUMERICAL = re.compile(r"numeric|numgrad|check|finite", re.I)
LOSSES = ("loss", "cost", "compute_loss", "compute_cost", "loss_function", "cost_function", "objective", "forward")
GRADIENTS = ("gradient", "gradients", "grad", "grads", "compute_gradients", "compute_gradient", "compute_grads")


@dataclass(frozen=True)
class Pair:
    """A forward and a backward pass: two functions, one function that is both (backward None), or a script (both None).

    slope  backward is the derivative of a function of single entries: sigmoid and sigmoid_prime
    rule   what a library is told: "function" of torch.autograd, "vjp" of jax.custom_vjp; its results are in the order of the inputs
    plain  so many of the first arguments of a rule are not differentiated
    """

    cls: str | None
    forward: str | None
    backward: str | None
    slope: bool = False
    rule: str = ""
    plain: int = 0
    context: bool = True  # forward of a rule of torch takes the context

    @property
    def flat(self) -> bool:
        return self.forward is None

    @property
    def combined(self) -> bool:
        return self.backward is None

    def taken(self, function: ast.FunctionDef, which: str) -> list[str]:
        """The arguments of a pass that are values: not the object, nor what a rule keeps from forward."""
        names = [a.arg for a in [*function.args.posonlyargs, *function.args.args] if a.arg not in ("self", "cls")]
        if self.rule == "function" and (self.context or which == "backward"):
            return names[1:]
        return names[self.plain + 1 :] if self.rule == "vjp" and which == "backward" else names

    def __str__(self) -> str:
        if self.forward is None:
            return "the script"
        prefix = f"{self.cls}." if self.cls else ""
        return prefix + self.forward + (f" and {prefix}{self.backward}" if self.backward else "")


def pairs_of(program: Program) -> list[Pair]:
    """The pairs of a program in the order of their classes and functions; a script where there is none."""
    groups: dict[str | None, dict[str, ast.FunctionDef]] = {}
    for (cls, name), function in program.functions.items():
        if not _is_abstract(function):
            groups.setdefault(cls, {})[name] = function
    rules = [*_functions_of_torch(program.tree, groups), *_vjps_of_jax(program.tree, groups.get(None, {}))]
    ruled = {pair.cls or pair.backward for pair in rules}
    found = [
        pair
        for cls, functions in groups.items()
        if cls not in ruled
        for pair in _pairs(cls, functions)
        if (cls or pair.backward not in ruled) and _is_new(pair, program)
    ]
    found = sorted([*found, *rules], key=lambda pair: program.functions[pair.cls, str(pair.forward)].lineno)
    return found or ([Pair(None, None, None)] if _is_script(program.tree) else [])


def _is_new(pair: Pair, program: Program) -> bool:
    """Whether a class can run a pair, and has something of its own in it: a pass, a method that it calls, a function that it is made with."""
    passes = [(pair.cls, str(name)) for name in (pair.forward, pair.backward) if name]
    text = "".join(ast.unparse(program.functions[owner]) for owner in passes)
    called = {n: f for (cls, n), f in program.functions.items() if cls and cls == pair.cls and f"self.{n}(" in text}
    if any(map(_is_abstract, called.values())):
        return False
    maker = program.functions.get((pair.cls, "__init__"))
    makes = maker is not None and any(
        isinstance(n, ast.FunctionDef | ast.Lambda) for n in ast.walk(maker) if n is not maker
    )
    return (
        any(owner not in program.inherited for owner in passes)
        or any((pair.cls, name) not in program.inherited for name in called)
        or (makes and (pair.cls, "__init__") not in program.inherited)
    )


def _is_abstract(function: ast.FunctionDef) -> bool:
    """Whether a function only says that others define it."""
    body = [s for s in function.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return all(isinstance(s, ast.Pass | ast.Raise) for s in body)


def _functions_of_torch(tree: ast.Module, groups: dict[str | None, dict[str, ast.FunctionDef]]) -> Iterator[Pair]:
    """Classes of torch.autograd.Function with both passes."""
    for node in tree.body:
        bases = [ast.unparse(b) for b in node.bases] if isinstance(node, ast.ClassDef) else []
        if not isinstance(node, ast.ClassDef) or not any(re.fullmatch(r"(\w+\.)*Function", b) for b in bases):
            continue
        functions = groups.get(node.name, {})
        if {"forward", "backward"} <= set(functions):
            yield Pair(node.name, "forward", "backward", rule="function", context="setup_context" not in functions)


def _vjps_of_jax(tree: ast.Module, functions: dict[str, ast.FunctionDef]) -> Iterator[Pair]:
    """What f.defvjp(fwd, bwd) names."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "defvjp"):
            continue
        names = [ast.unparse(a) for a in [*node.args, *(k.value for k in node.keywords)]]
        if len(names) >= 2 and set(names[:2]) <= set(functions):
            whole = functions.get(ast.unparse(node.func.value))
            yield Pair(None, names[0], names[1], rule="vjp", plain=_not_differentiated(whole))


def _not_differentiated(function: ast.FunctionDef | None) -> int:
    """How many arguments `nondiff_argnums` of a custom_vjp names."""
    for call in [n for d in function.decorator_list for n in ast.walk(d)] if function is not None else ():
        if isinstance(call, ast.keyword) and call.arg == "nondiff_argnums":
            return len(call.value.elts) if isinstance(call.value, ast.Tuple | ast.List) else 1
    return 0


def _is_script(tree: ast.Module) -> bool:
    own = [s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    names = [name for s in own for name in assigned(s)]
    return any(quantity(n) for n in names) and any(LOSS.match(n) for n in names)


def assigned(node: ast.AST) -> list[str]:
    """The targets of the assignments in a tree, as text."""
    out: list[str] = []
    for n in ast.walk(node):
        targets = n.targets if isinstance(n, ast.Assign) else [n.target] if isinstance(n, ast.AugAssign) else []
        for target in targets:
            out += [ast.unparse(e) for e in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return out


def gradient_names(function: ast.AST) -> set[str]:
    return {
        name
        for name in assigned(function)
        if re.match(r"^(self\.)?(d[A-Za-z]\w*|grads?\b.*|nabla_\w+|grad_\w+|delta\w*|\w+_grad$)", name)
    }


def _cased(word: str, like: str) -> str:
    """A word with a capital where another has one: Forward for Backward."""
    return word[0].upper() + word[1:] if like[0].isupper() else word


def _candidates(name: str) -> list[str]:
    """Names of forward functions that a backward function of this name may belong to, the likeliest first."""
    out = [
        WORDS.sub(lambda found: _cased("forward", found[0]), name),
        WORDS.sub(lambda found: _cased("forward" + ("prop" + found[1] if found[1] else ""), found[0]), name),
    ]
    out += [WORDS.sub("forward", re.sub(r"_(alt|vec|vectorized|fast|naive|v?\d)$", "", name))]
    out += [name.replace("_bwd", "_fwd"), re.sub(r"(backward|backprop|back_prop).*", "forward", name)]
    out += [re.sub(r"_?(backward|backprop|bprop|bwd|grads?)(_pass|_propagation)?$", "", name)]
    out += [
        re.sub(r"backward_?(pass|propagation|prop)?", r"forward_\1", name),
        re.sub("backward", "forward", name) + "_pass",
    ]
    return [n for n in dict.fromkeys(out) if n and n != name]


def _pairs(cls: str | None, functions: dict[str, ast.FunctionDef]) -> list[Pair]:
    found: list[Pair] = []
    used: set[str] = set()

    def add(forward: str, backward: str, slope: bool = False) -> None:
        found.append(Pair(cls, forward, backward, slope))
        used.update((forward, backward))

    for name, function in functions.items():
        if NUMERICAL.search(name) or (name.startswith("_") and cls):
            continue
        slope_of = _slope_of(name, function, functions, cls)
        forward = slope_of or _forward_of(name, function, functions, cls)
        if forward:
            add(forward, name, slope_of is not None)
    for name, function in functions.items():
        if name not in used and not NUMERICAL.search(name) and not name.startswith("__") and _is_both(cls, function):
            found.append(Pair(cls, name, None))
    both = {pair.forward: functions[str(pair.forward)] for pair in found if pair.combined}
    calling = {
        name for name, f in both.items() if any(n != name and re.search(rf"\b{n}\(", ast.unparse(f)) for n in both)
    }
    return [pair for pair in found if not (pair.combined and pair.forward in calling)]


SLOPE = re.compile(
    r"^(?:d_?|grad_|deriv(?:ative)?_(?:of_)?|der_)(?P<of>[A-Za-z]\w*)$|^(?P<base>\w+?)(?:P|_p)rime$|^(?P<name>\w+?)_(?:deriv(?:ative)?|der|grad(?:ient)?|d)$"
)
"""Names of derivatives of functions of one argument."""
VALUES = (
    "forward",
    "__call__",
    "function",
    "func",
    "fn",
    "f",
    "activation",
    "activate",
    "value",
    "evaluate",
    "call",
    "apply",
)
SLOPES = ("derivative", "deriv", "prime", "gradient", "grad", "df", "backward", "activation_derivative", "f_prime", "d")


def _slope_of(
    name: str, function: ast.FunctionDef, functions: dict[str, ast.FunctionDef], cls: str | None
) -> str | None:
    """The function of one argument whose derivative a function of one argument is, by their names."""
    if not _takes_one(function):
        return None
    found = SLOPE.match(name)
    base = next((each for each in found.groups() if each), None) if found else None
    if base in functions and _takes_one(functions[base]):
        return base
    if cls and name in SLOPES and name != "backward":
        return next((n for n in VALUES if n in functions and _takes_one(functions[n])), None)
    return None


def _takes_one(function: ast.FunctionDef) -> bool:
    """Whether a function has one argument that has to be given, and gives something."""
    args = [a.arg for a in function.args.args if a.arg not in ("self", "cls")]
    gives = any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(function))
    return gives and len(args) - len(function.args.defaults) == 1


def _forward_of(
    name: str, function: ast.FunctionDef, functions: dict[str, ast.FunctionDef], cls: str | None
) -> str | None:
    if re.search(r"(P|_p)rime$|_derivative$", name):
        base = re.sub(r"(P|_p)rime$|_derivative$", "", name)
        return base if base in functions and len(gradient_names(function)) > 1 else None
    if name in GRADIENTS and (cls or len(functions) < 6):
        return next((n for n in (*LOSSES, "__call__") if n in functions), None)
    if not BACK.search(name):
        return None
    exact = next((n for n in _candidates(name) if n in functions and not BACK.search(n)), None)
    if exact is not None:
        return exact
    if _is_both(cls, function):
        return None
    words = (
        "forward_pass",
        "forward_prop",
        "forward_propagation",
        "forward",
        "feedforward",
        "feed_forward",
        "__call__",
        *LOSSES,
    )
    if re.match(r"_?(backward|backprop|back_prop|bprop)(_pass|_prop|_propagation|agation)?$", name):
        return next((n for n in words if n in functions), None)
    return None


def _is_both(cls: str | None, function: ast.FunctionDef) -> bool:
    """Whether one function computes a loss and its gradients, or takes the step itself."""
    text = ast.unparse(function)
    if not gradient_names(function) and not re.search(r"self\.\w+(\[\w+\])? [-+]= ", text):
        return False
    returned = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple)]
    for value in returned:
        words = [ast.unparse(e) for e in value.elts]
        if any(re.search(r"loss|cost|\bJ\b|\bL\b|nll", w) and not quantity(w) for w in words) and gradient_names(
            function
        ):
            return True
    return bool(
        cls and any(LOSS.match(n) for n in assigned(function)) and re.search(r"self\.\w+(\[\w+\])? [-+]= ", text)
    )


def library_of(program: Program, pair: Pair) -> str:
    """The library whose arrays a pair computes with: what it reads most, else what the file imports."""
    known = _imported(program.tree)
    trees: list[ast.AST] = (
        [program.tree]
        if pair.flat
        else [
            f
            for (cls, name), f in program.functions.items()
            if (cls == pair.cls if cls else name in (pair.forward, pair.backward))
        ]
    )
    read = [known[n.id] for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in known]
    found = read or [name for name in known.values() if "numpy" not in known.values()]
    return max(("torch", "jax", "numpy"), key=found.count) if found else "numpy"


def _imported(tree: ast.Module) -> dict[str, str]:
    """The names that a program has of each library of arrays."""
    out: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            out |= {(a.asname or a.name).split(".")[0]: a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            out |= {a.asname or a.name: node.module.split(".")[0] for a in node.names}
    return {name: library for name, library in out.items() if library in ("numpy", "torch", "jax")}
