"""A program: its statements and functions, loaded so that what it has not (data, modules) does not stop it."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import io
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import wengert.numpy as traced_numpy
from wengert.errors import EquationError, place
from wengert.programs.arrays import Library
from wengert.programs.events import Hooks, Instrument, instrumented, place_of
from wengert.programs.helpers import HELPERS, Missing
from wengert.programs.modules import Beside

Owner = tuple[str | None, str]
FILENAME = "<checked program>"
SAMPLE = "the quick brown fox jumps over the lazy dog"
PICTURES = ("matplotlib", "pylab", "mpl_toolkits", "seaborn", "plotly", "IPython", "cv2", "PIL")
"""Libraries of pictures: no gradient needs them, and some write files and start programs when they are imported."""
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr, ast.Pass)
MAKERS = ("zeros", "ones", "empty", "full", "eye", "identity", "zeros_like", "ones_like", "empty_like", "full_like")
MAKERS += ("array", "asarray", "asanyarray", "arange", "linspace", "ascontiguousarray")


@dataclass
class CodeStatement:
    """A simple statement and the function it stands in; None is the program itself."""

    sid: str
    node: Any
    owner: Owner | None


class Single(ast.NodeTransformer):
    """Single precision is judged in double: the check is as sharp, and the mathematics the same."""

    changed = False

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in ("float32", "float16"):
            node.attr, self.changed = "float64", True
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if node.value in ("float32", "float16", "f4"):
            self.changed = True
            return ast.copy_location(ast.Constant("float64"), node)
        return node


class Unguarded(ast.NodeTransformer):
    """Constants that keep a logarithm or a quotient from 0, log(y + 1e-7), made so small that they do not count."""

    LARGEST, FACTOR = 1e-5, 1e-8

    changed = False

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, float) and 0 < abs(node.value) <= self.LARGEST:
            self.changed = True
            return ast.copy_location(ast.Constant(node.value * self.FACTOR), node)
        return node


def copied_tree(tree: Any) -> Any:
    """A tree with nodes of its own, as copy.deepcopy gives in eight times as many calls: a search copies thousands."""
    if isinstance(tree, list):
        return [copied_tree(each) for each in tree]
    if not isinstance(tree, ast.AST):
        return tree
    made = type(tree)()
    for name, value in vars(tree).items():
        setattr(made, name, copied_tree(value))
    return made


def parsed(text: str, name: str) -> tuple[ast.Module, bool]:
    """The tree of a program, and whether it is read as Python 2.

    Raises EquationError where it is no program.
    """
    try:
        return ast.parse(text), False
    except SyntaxError as first:
        older = re.sub(r"^(\s*)print\s+(?!\()(.+?)\s*$", r"\1print(\2)", text, flags=re.M)
        try:
            return ast.parse(older), True
        except SyntaxError:
            at = sum(len(line) + 1 for line in text.split("\n")[: (first.lineno or 1) - 1]) + (first.offset or 1) - 1
            raise EquationError(
                f"'{name}' is no program of Python: {first.msg}.", place(text, at, at + 1), "Correct this line first."
            ) from None


@dataclass
class Program:
    """A program whose assignments are events, with the names that its statements run in."""

    tree: ast.Module
    python2: bool = False
    file: Path | None = None  # beside which its own modules are looked for
    unguarded: bool = False  # without the constants that keep logarithms and quotients from 0
    library: Library = field(default_factory=Library)  # whose arrays it computes with
    guards: bool = False  # whether there are such constants
    hooks: Hooks = field(default_factory=Hooks)
    names: dict[str, Any] = field(default_factory=dict)
    functions: dict[Owner, ast.FunctionDef] = field(default_factory=dict)
    statements: dict[str, CodeStatement] = field(default_factory=dict)
    inherited: set[Owner] = field(default_factory=set)  # methods of a base, as those of the class that is made of it
    notes: list[str] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)
    beside: Beside = field(default_factory=lambda: Beside(None, lambda tree, names: None))
    body: types.CodeType | None = None  # the code of a program that is run from top to bottom

    def __post_init__(self) -> None:
        single = Single()
        self.tree = single.visit(self._seen(self.tree))
        if single.changed:
            self.notes.append("single precision is judged in double")
        if self.python2:
            self.notes.append("read as Python 2")
        self._index()

    def _seen(self, tree: ast.Module) -> ast.Module:
        """A tree as it is to be run: with or without its guards."""
        unguarded = Unguarded()
        changed = unguarded.visit(copy.deepcopy(tree))
        self.guards = self.guards or unguarded.changed
        return changed if self.unguarded else tree

    def _index(self) -> None:
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions[None, node.name] = node
            elif isinstance(node, ast.ClassDef):
                self.functions.update({(node.name, m.name): m for m in node.body if isinstance(m, ast.FunctionDef)})
        for owner, function in self.functions.items():
            self.enter(function, owner)
        self._inherit()
        for node in ast.walk(self.tree):
            if isinstance(node, SIMPLE):
                self.statements.setdefault(place_of(node), CodeStatement(place_of(node), node, None))

    def _inherit(self) -> None:
        """A class has the methods of its bases in the file that it does not define itself."""
        classes = {n.name: n for n in self.tree.body if isinstance(n, ast.ClassDef)}
        for name, node in classes.items():  # a base stands before what is made of it, and has its own by now
            for base in [b.id for b in node.bases if isinstance(b, ast.Name) and b.id in classes]:
                for method in [m for cls, m in self.functions if cls == base]:
                    if (name, method) not in self.functions:
                        self.functions[name, method] = self.functions[base, method]
                        self.inherited.add((name, method))

    def enter(self, function: ast.AST, owner: Owner | None) -> None:
        for node in ast.walk(function):
            if isinstance(node, SIMPLE):
                self.statements[place_of(node)] = CodeStatement(place_of(node), node, owner)

    # -- running ------------------------------------------------------------------------------------------------------------

    def prepare_names(self, extra: Mapping[str, Any] = types.MappingProxyType({})) -> None:
        """The names that a program finds: Python's own, harmless in what they do, and the hooks."""
        known = dict(vars(builtins))
        helpers: dict[str, Any] = {"np": np, "__builtins__": known}
        run(compile(HELPERS, "<helpers>", "exec"), helpers)
        shared = {k: v for k, v in helpers.items() if k not in ("np", "__builtins__")}
        self.helper_names = helpers

        def load(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
            asker = str((globals or {}).get("__file__") or self.file or "")
            own = self.beside.find(name, asker, tuple(fromlist or ()), level)
            if own is not None:
                return own
            if name.split(".")[0] in PICTURES:
                return Missing(name, shared, self.notes)
            try:
                return builtins.__import__(name, globals, locals, fromlist, level)
            except ImportError:
                return Missing(name, shared, self.notes)

        silent: dict[str, Any] = {"print": _silent, "xrange": range, "unicode": str, "open": _opened}
        known.update(silent, __import__=load)
        self.names.update({"__builtins__": known, "__name__": "checked", **self.hooks.names(), **extra})
        if self.file is not None:
            self.names["__file__"] = str(self.file)
        self.beside = Beside(self.file, lambda tree, names: self._run_beside(tree, {"__builtins__": known}, names))

    def _run_beside(self, tree: ast.Module, shared: dict[str, Any], names: dict[str, Any]) -> None:
        """Run the definitions of a module beside the program, as those of the program are run, without events."""
        names.update(shared)
        self._run_definitions(Single().visit(self._seen(tree)).body, names)

    def load(self) -> None:
        """Run the definitions of a program, statement by statement; what fails is left out, loops and calls are not run."""
        self.prepare_names()
        notes = list(self.notes)
        self._run_definitions(instrumented(self.tree, self.python2).body, self.names)
        self.names.update({n: v.fun for n, v in self.names.items() if type(v).__name__ == "custom_vjp"})
        self.notes[:] = notes  # what is missing counts where a pass reaches it

    def _run_definitions(self, body: list[ast.stmt], names: dict[str, Any]) -> None:
        for node in body:
            if isinstance(node, ast.For | ast.While | ast.With) or (
                isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
            ):
                continue
            if isinstance(node, ast.Expr) and not re.match(r"_wg_|sys\.|np\.random\.seed|\w+\.seed", ast.unparse(node)):
                continue
            try:
                run(compile(ast.Module([node], []), FILENAME, "exec"), names)
            except (Exception, SystemExit) as error:
                self.failed.append((node.lineno, f"{type(error).__name__}: {error}"))

    def install_body(self) -> None:
        """Compile the whole program, to be run from top to bottom."""
        self.body = compile(instrumented(self.tree, self.python2), FILENAME, "exec")

    def install(self, owner: Owner | None) -> Callable[[], None]:
        """Take the tree of a function as it is now; the way back is given.

        Raises SyntaxError where it does not compile.
        """
        if owner is None:
            old_body = self.body
            self.install_body()
            return lambda: setattr(self, "body", old_body)
        cls, name = owner
        body = Instrument(self.python2).block([copied_tree(self.functions[owner])])
        inside: list[ast.stmt] = body
        if cls:
            inside = [ast.ClassDef(cls, [], [], body, [])]
            inside[0].__dict__.setdefault("type_params", [])
        module = ast.fix_missing_locations(ast.Module(inside, []))
        made: dict[str, Any] = {}
        code = compile(module, FILENAME, "exec")
        holder: Any = self.names[cls] if cls else None
        if holder is None:
            old = self.names.get(name)
            run(code, self.names)
            return lambda: self.names.__setitem__(name, old)
        run(code, self.names, made)
        attribute = mangled(str(cls), name)
        before = vars(holder)[attribute]
        setattr(holder, attribute, vars(made[str(cls)])[attribute])
        return lambda: setattr(holder, attribute, before)

    def numpy_names(self, names: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
        """(names, as they are, as they are while traced): NumPy, and functions of it that make arrays."""
        out: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []
        if self.library.name != "numpy":
            return out
        for space in (names, getattr(self, "helper_names", {}), *self.beside.spaces):
            now = {k: v for k, v in space.items() if v is np or any(v is getattr(np, m) for m in MAKERS)}
            out.append(
                (
                    space,
                    now,
                    {k: traced_numpy if v is np else getattr(traced_numpy, v.__name__) for k, v in now.items()},
                )
            )
        return out


def mangled(cls: str, name: str) -> str:
    """The name of a method in its class: __forward is _Net__forward there."""
    return f"_{cls.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name


def run(code: types.CodeType, names: dict[str, Any], inside: dict[str, Any] | None = None) -> None:
    """Execute code of the user. The only place where text of a document becomes code that runs."""
    exec(code, names, names if inside is None else inside)


def value_of(code: types.CodeType, names: dict[str, Any], seen: dict[str, Any]) -> Any:
    """The value of an expression of the user's, with the names that a statement of it sees."""
    return eval(code, {**names, **seen})


def calls_of(error: BaseException) -> Iterator[types.TracebackType]:
    """The calls through which an error went, the outermost first."""
    call = error.__traceback__
    while call is not None:
        yield call
        call = call.tb_next


def innermost(error: BaseException) -> types.TracebackType | None:
    """The innermost call of the program in which an error arose; None where it arose in none."""
    own = [call for call in calls_of(error) if call.tb_frame.f_code.co_filename == FILENAME]
    return own[-1] if own else None


def line_of(error: BaseException) -> int:
    """The line of the program, in its innermost call, at which an error arose."""
    call = innermost(error)
    return 0 if call is None else call.tb_lineno


def _silent(*args: Any, **kwargs: Any) -> None:
    """A program that is checked prints nothing."""


def _opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    """Data that comes with a program is not there: a short text stands for it. Writing goes to the real thing, which is refused."""
    if any(sign in mode for sign in "wax+"):
        return builtins.open(file, mode, *args, **kwargs)
    return io.BytesIO(SAMPLE.encode()) if "b" in mode else io.StringIO(SAMPLE)


def source_of(function: Callable[..., Any]) -> tuple[ast.Module, str]:
    """The tree of the file that a function stands in, and its name.

    Raises EquationError where the text is not to be had.
    """
    try:
        file = inspect.getsourcefile(function) or inspect.getfile(function)
        lines, _ = inspect.findsource(function)
    except (OSError, TypeError):
        name = getattr(function, "__name__", repr(function))
        raise EquationError(
            f"The text of '{name}' cannot be read, so its lines cannot be judged.",
            f"  {function!r}",
            "Write the function into a file, and import it.",
        ) from None
    return ast.parse("".join(lines)), file
