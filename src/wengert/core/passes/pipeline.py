"""The pipeline: the passes in the order in which they run, on one screen. A pass is a function Graph -> Graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wengert.core.ir.graph import Graph
from wengert.core.passes.accumulating import accumulate
from wengert.core.passes.algebra import simplify
from wengert.core.passes.bodies import everywhere, has_bodies
from wengert.core.passes.cse import share
from wengert.core.passes.dce import eliminate
from wengert.core.passes.fold import fold
from wengert.core.passes.hoisting import hoist
from wengert.core.passes.inlining import inline
from wengert.core.passes.joining import join
from wengert.core.passes.lookup import look_up
from wengert.core.passes.open_primes import open_primes
from wengert.core.passes.pruning import prune
from wengert.core.passes.shifting import shift
from wengert.core.passes.solving import solve_systems
from wengert.core.passes.stability import stabilise
from wengert.core.passes.structure import contract, narrow

Pass = Callable[[Graph], Graph]

PIPELINE: tuple[Pass, ...] = (
    join,  #        a loop and the same loop with its derivative run once
    prune,  #       results of loops that nothing reads go
    inline,  #      a call becomes the body of its function
    open_primes,  # σ'(z) becomes y (1 − y)
    share,  #       equal expressions become one node
    fold,  #        ½·2 becomes 1
    simplify,  #    x·1 becomes x, −(−x) becomes x
    shift,  #       Σ_p x_p ⟦p = i + k⟧ becomes x at i + k
    look_up,  #     Σ_k y_k ⟦k = t⟧ becomes y_t
    stabilise,  #   log(1 + eˣ) becomes softplus(x): listed to the user
    narrow,  #      what is the same along an axis is computed once
    contract,  #    Σ_k a_ik b_kj becomes one product
    solve_systems,  # A⁻¹ b becomes the solution of A x = b
    accumulate,  #  x + (u at one place, else 0) becomes that entry replaced
    hoist,  #       what a loop computes at every step alike is computed before it
    simplify,  #    what these passes left
    fold,
    share,
    eliminate,  #   what is never read goes
    prune,
)


def run(graph: Graph, passes: Sequence[Pass] = PIPELINE) -> Graph:
    """The graph after each pass in turn, and the sub-graphs of its branches and loops as well."""
    deep = has_bodies(graph)
    after: dict[Pass, Graph] = {}
    for each in passes:
        if after.get(each) is graph:  # nothing has changed since this pass ran
            continue
        graph = after[each] = everywhere(each, graph) if deep else each(graph)
    return graph


def stages(graph: Graph, passes: Sequence[Pass] = PIPELINE) -> list[tuple[str, Graph]]:
    """("start", the graph) and then (name of the pass, the graph after it) for every pass, so that every stage can be printed."""
    result = [("start", graph)]
    deep = has_bodies(graph)
    for each in passes:
        graph = everywhere(each, graph) if deep else each(graph)
        result.append((each.__name__, graph))
    return result


def without(*removed: Pass, passes: Sequence[Pass] = PIPELINE) -> tuple[Pass, ...]:
    """The pipeline without some of its passes: without(stabilise)."""
    return tuple(each for each in passes if each not in removed)
