"""Calls of primitives in graphs, and their derivatives by the rules that are given: each mode by its own, or by the other's.

With the rule ȳ ↦ Jᵀ ȳ alone, J ẋ is the derivative of ⟨Jᵀ ȳ, ẋ⟩ by ȳ; with the rule ẋ ↦ J ẋ alone, Jᵀ ȳ is that of ⟨J ẋ, ȳ⟩ by ẋ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from wengert.core.autodiff.reverse import vjp as pull
from wengert.core.ir.graph import Node, apply, input_node
from wengert.core.ir.types import ArrayType, sizes_of
from wengert.core.ir.walk import depends_on, substitute
from wengert.core.ops.control import Cotangents, results
from wengert.core.ops.custom import host_call
from wengert.core.ops.loop import filled, zeros
from wengert.errors import TraceError
from wengert.functions.tracing.record import Leaf, record
from wengert.functions.tracing.source import user_line
from wengert.functions.tracing.trees import flatten, unflatten
from wengert.functions.transforms import rule_checks
from wengert.functions.transforms.primitives import Primitive, Site, Types, invoke

Signals = list[Node | None]


@dataclass(frozen=True)
class PrimitiveCall:
    """A call of a primitive on arrays of some types: its value on the host, and its derivatives."""

    site: Site
    inputs: Types
    results: Types

    def __repr__(self) -> str:
        return self.site.primitive.name

    @property
    def primitive(self) -> Primitive:
        """What is called."""
        return self.site.primitive

    def value(self, *arrays: Any) -> Sequence[Any]:
        """The results, by a call of the function.

        Raises TraceError where they are of other shapes than before.
        """
        # Rules that were used before any numbers were there are checked on the first that come.
        rule_checks.check_waiting(self, arrays)
        return self.run(arrays)

    def run(self, arrays: Sequence[Any]) -> list[Any]:
        """The same, without a check of the rules."""
        found = invoke(self.site, *(array[()] if isinstance(array, np.ndarray) else array for array in arrays))
        leaves: list[Any] = list(cast(tuple[Any, ...], found)) if isinstance(found, tuple) else [found]
        shapes = [np.shape(leaf) for leaf in leaves]
        if shapes != [type.shape for type in self.results]:
            raise TraceError(
                f"'{self}' returns other shapes than those that it is known for.",
                f"  it returns {', '.join(map(str, shapes))} instead of {', '.join(map(str, self.results))}",
                "Let the shapes of the result follow from those of the arguments, and 'like' say which.",
            )
        return leaves

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> Signals:
        """The tangent of each result."""
        given = self.primitive
        if given.jvps or given.jvp_of_all or not (given.vjps or given.vjp_of_all):
            found = self._push(node, tangents)
            rule_checks.note(self, "defjvp")
            return found
        there = [k for k, t in enumerate(tangents) if t is not None]
        signals = [
            input_node(f"cotangent {k}", y.type) if y.type.is_float else None for k, y in enumerate(results(node))
        ]
        back = self._pull(node, signals, there)
        rule_checks.note(self, "defvjp")
        inner = [s for s in signals if s is not None]
        moved = iter(_transposed([back[k] for k in there], inner, [tangents[k] for k in there]))
        return [None if s is None else next(moved) for s in signals]

    def vjp(self, node: Node, cotangents: Cotangents) -> Signals:
        """The cotangent of each input."""
        given = self.primitive
        wanted = [k for k, wants in enumerate(cotangents.wanted) if wants and self.inputs[k].is_float]
        if given.vjps or given.vjp_of_all or not (given.jvps or given.jvp_of_all):
            found = self._pull(node, cotangents.bars, wanted)
            rule_checks.note(self, "defvjp")
            return found
        tangents = [input_node(f"tangent {k}", x.type) if k in wanted else None for k, x in enumerate(node.inputs)]
        forward = self._push(node, tangents)
        rule_checks.note(self, "defjvp")
        inner = [t for t in tangents if t is not None]
        self._refuse_itself(forward, inner)
        pairs = [(y, bar) for y, bar in zip(forward, cotangents.bars, strict=True) if y is not None and bar is not None]
        back = iter(_transposed([y for y, _ in pairs], inner, [bar for _, bar in pairs]))
        return [None if t is None else next(back) for t in tangents]

    def _refuse_itself(self, forward: Sequence[Node | None], tangents: Sequence[Node]) -> None:
        """A linear function whose tangent is the function itself has no adjoint that follows from it.

        Raises TraceError.
        """
        for node in depends_on([y for y in forward if y is not None], tangents):
            function = node.params.get("function") if node.op is host_call else None
            if isinstance(function, PrimitiveCall) and function.primitive is self.primitive:
                raise MissingRule(
                    f"The rule 'defjvp' of '{self}' calls '{self}' on the tangent, so that reverse mode does not follow from it.",
                    user_line(),
                    f"Give its adjoint:  {self}.defvjp(maker)",
                )

    # the rules, written down

    def _push(self, node: Node, tangents: Sequence[Node | None]) -> Signals:
        chosen = self._chosen([k for k, t in enumerate(tangents) if t is not None])
        moving = [t for t in tangents if t is not None]
        there = [k for k, t in enumerate(tangents) if t is not None]

        def call(values: Sequence[Any]) -> Any:
            xs, ys, signals = self._parted(values)
            args, kwargs = self.site.arguments(xs)
            ans = unflatten(self._result_spec(), ys)
            known = dict(zip(there, signals, strict=True))
            gs = [self._filled(a, xs, known) for a in chosen]
            return self._summed_jvp(chosen, gs, ans, args, kwargs)

        wanted = list(self.results)
        return self._written("defjvp", call, node, moving, wanted, _names("result", wanted))

    def _pull(self, node: Node, bars: Sequence[Node | None], wanted: Sequence[int]) -> Signals:
        chosen = self._chosen(wanted)
        ys = results(node)
        signals = [filled(bar, y.type) for bar, y in zip(bars, ys, strict=True)]
        parts = self.site.positional()
        places = [k for a in chosen for k in parts[a][1]]

        def call(values: Sequence[Any]) -> Any:
            xs, ans, gs = self._parted(values)
            args, kwargs = self.site.arguments(xs)
            spec = self._result_spec()
            found = self._vjp_of(chosen, unflatten(spec, ans), args, kwargs, unflatten(spec, gs))
            leaves: list[Any] = []
            for a, tree in zip(chosen, found, strict=True):
                own, spec = flatten(tree)
                if spec != parts[a][0]:
                    raise _wrong_form(self, "defvjp", a, "another container than the argument")
                leaves += own
            return [leaf for leaf, k in zip(leaves, places, strict=True) if k in wanted]

        order = [k for k in places if k in wanted and k is not None]
        types = [self.inputs[k] for k in order]
        found = self._written("defvjp", call, node, signals, types, [self._argument_of(k) for k in order])
        known = dict(zip(order, found, strict=True))
        return [known.get(k) for k in range(len(self.inputs))]

    def _written(
        self,
        rule: str,
        call: Callable[[Sequence[Any]], Any],
        node: Node,
        signals: Sequence[Node],
        types: Sequence[ArrayType],
        names: Sequence[str],
    ) -> Signals:
        """The nodes of a rule; where it does what no graph shows, a call of it by the host."""
        given = [*node.inputs, *results(node), *signals]
        inputs = [input_node(f"value {k}", x.type) for k, x in enumerate(given)]
        try:
            found = record(inputs, [Leaf(x.type) for x in inputs], lambda values: call(values))
        except (MissingRule, WrongRule):
            raise
        except TraceError:
            host = HostRule(self, rule, call, tuple(x.type for x in given), tuple(types))
            return list(results(apply("host_call", *given, function=host)))
        if found.captured:
            raise TraceError(
                f"The rule '{rule}' of '{self}' reads traced values from outside.",
                user_line(),
                f"Pass them to '{self}' as arguments.",
            )
        outputs = [_fitting(self, rule, *each) for each in zip(found.outputs, types, names, strict=True)]
        return list(substitute(outputs, dict(zip(inputs, given, strict=True))))

    # the arguments of rules

    def _parted(self, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        n, m = len(self.inputs), len(self.results)
        return values[:n], values[n : n + m], values[n + m :]

    def _result_spec(self) -> Any:
        return self.primitive.known[self.site, self.inputs][0]

    def _chosen(self, leaves: Sequence[int]) -> list[int]:
        """The positional arguments to which some arrays belong."""
        return sorted({self.argument(k) for k in leaves})

    def argument(self, k: int) -> int:
        """The positional argument to which an array belongs; a keyword argument counts as one behind them."""
        parts = self.site.positional()
        return next((a for a, (_, places) in enumerate(parts) if k in places), len(parts))

    def ruled(self, rule: str) -> set[int]:
        """The positional arguments that have rules of a mode."""
        own = self.primitive
        of_all, rules = (own.vjp_of_all, own.vjps) if rule == "defvjp" else (own.jvp_of_all, own.jvps)
        return set(rules) if of_all is None else set(range(self.site.spec.child(0).num_children))

    def _argument_of(self, k: int) -> str:
        return f"argument {self.argument(k)}"

    def _filled(self, a: int, xs: Sequence[Any], known: dict[int, Any]) -> Any:
        """The tangent of an argument: 0 for its arrays that have none."""
        spec, places = self.site.positional()[a]
        leaves: list[Any] = []
        for k in places:
            if k is None:
                leaves.append(0.0)
            else:
                leaves.append(known[k] if k in known else np.zeros_like(xs[k]))
        return unflatten(spec, leaves)

    def _summed_jvp(self, chosen: Sequence[int], gs: Sequence[Any], ans: Any, args: Any, kwargs: Any) -> Any:
        own = self.primitive
        spec = self._result_spec()
        if own.jvp_of_all is not None:
            trees = [own.jvp_of_all(tuple(chosen), tuple(gs), ans, args, kwargs)]
        else:
            trees = list[Any]()
            for a, g in zip(chosen, gs, strict=True):
                rule = self._rule(own.jvps, "defjvp", a)
                if rule == "same":
                    trees.append(own(*args[:a], g, *args[a + 1 :], **kwargs))
                elif rule is not None:
                    trees.append(rule(g, ans, *args, **kwargs))
        total: list[Any] | None = None
        for tree in trees:
            leaves, found = flatten(tree)
            if found != spec:
                raise _wrong_form(self, "defjvp", chosen[0], "another container than the result")
            total = leaves if total is None else [x + y for x, y in zip(total, leaves, strict=True)]
        return [np.zeros(sizes_of(type)) for type in self.results] if total is None else total

    def _vjp_of(self, chosen: Sequence[int], ans: Any, args: Any, kwargs: Any, g: Any) -> Sequence[Any]:
        own = self.primitive
        if own.vjp_of_all is not None:
            return list(own.vjp_of_all(tuple(chosen), ans, args, kwargs)(g))
        found: list[Any] = []
        for a in chosen:
            maker = self._rule(own.vjps, "defvjp", a)
            if maker is None:
                leaves, spec = flatten(args[a])
                found.append(unflatten(spec, [np.zeros(np.shape(leaf)) for leaf in leaves]))
            else:
                found.append(maker(ans, *args, **kwargs)(g))
        return found

    def _rule(self, rules: dict[int, Any], name: str, a: int) -> Any:
        if a in rules:
            return rules[a]
        raise _missing(self, name, a, rules)


def _names(stem: str, types: Sequence[Any]) -> list[str]:
    return [f"{stem} {k}" for k in range(len(types))]


class MissingRule(TraceError):
    """A derivative is wanted for which no rule is given."""


def _missing(call: PrimitiveCall, name: str, a: int, rules: dict[int, Any]) -> MissingRule:
    given = ", ".join(map(str, sorted(rules))) or "none"
    return MissingRule(
        f"'{call}' has no derivative by its argument {a}.",
        f"  {name} has rules for the arguments: {given}",
        f"Give one, or None where it is zero:  {call}.{name}(rule, argnums=[{a}])",
    )


class WrongRule(TraceError):
    """A rule gives what is not of the form of a derivative."""


def _wrong_form(call: PrimitiveCall, rule: str, a: int, what: str) -> WrongRule:
    return WrongRule(
        f"The rule '{rule}' of '{call}' for argument {a} gives {what}.",
        f"  '{call}' is called with {', '.join(map(str, call.inputs))}",
        "Let it return a derivative in the containers and shapes of what it is the derivative of.",
    )


def _fitting(call: PrimitiveCall, rule: str, node: Node, type: ArrayType, name: str) -> Node:
    """What a rule gave, as a derivative of a type.

    Raises TraceError where it has other axes.
    """
    if node.shape != type.shape:
        raise WrongRule(
            f"The rule '{rule}' of '{call}' gives the shape {node.shape} for {name}, which has {type.shape}.",
            f"  '{call}' is called with {', '.join(map(str, call.inputs))}",
            "Let it return an array of that shape; sum over the axes along which an argument was broadcast.",
        )
    return node if node.type.dtype == type.dtype else apply("cast", node, dtype=type.dtype)


def _transposed(outputs: Sequence[Node | None], inputs: Sequence[Node], signals: Sequence[Node | None]) -> list[Node]:
    """Aᵀ s for outputs A x that are linear in the inputs x."""
    pairs = [(y, s) for y, s in zip(outputs, signals, strict=True) if y is not None and s is not None]
    back = pull([y for y, _ in pairs], inputs, [s for _, s in pairs], masked=True)
    found = [filled(g, x.type) for g, x in zip(back, inputs, strict=True)]
    return substitute(found, {x: zeros(x.type) for x in inputs})


@dataclass(frozen=True)
class HostRule:
    """A rule that no graph shows: the host calls it, and it has no derivative."""

    call: PrimitiveCall
    rule: str
    function: Callable[[Sequence[Any]], Any]
    inputs: Types
    results: Types

    def __repr__(self) -> str:
        return f"{self.rule} of {self.call}"

    def value(self, *arrays: Any) -> Sequence[Any]:
        """The derivatives.

        Raises TraceError where they are of another form than what they are derivatives of.
        """
        found = [np.asarray(leaf) for leaf in flatten(self.function([array[()] for array in arrays]))[0]]
        shapes = [leaf.shape for leaf in found]
        if shapes != [type.shape for type in self.results]:
            raise WrongRule(
                f"The rule '{self.rule}' of '{self.call}' gives the shapes {', '.join(map(str, shapes))}.",
                f"  what it derives by has {', '.join(map(str, self.results))}",
                "Let it return arrays of these shapes.",
            )
        return found

    def jvp(self, node: Node, tangents: Sequence[Node | None]) -> Signals:
        """Refused."""
        raise _no_further(self)

    def vjp(self, node: Node, cotangents: Cotangents) -> Signals:
        """Refused."""
        raise _no_further(self)


def _no_further(rule: HostRule) -> TraceError:
    return TraceError(
        f"The rule '{rule.rule}' of '{rule.call}' cannot be derived: it does what no graph shows.",
        user_line(),
        "Write the rule with functions of NumPy, or give the rule of the other mode as well.",
    )
