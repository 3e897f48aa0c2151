"""How a compiled program is called from Python: its parameters, the arrays inside them, what comes back. Data, and its checks.

It knows no machine and no memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from wengert.core.ir.types import ORDERED, ArrayType
from wengert.errors import GraphError
from wengert.targets.parameters import Parameter, Static, Tree, leaves, renumbered

PROGRAM = "program"
"""The function that a compiled program exports: i32 @program(ptr inputs, ptr outputs, ptr arena), the result its status."""
OUTPUTS = Static("the outputs")
"""The result that is the one output, or the tuple of all of them; None as a result is None."""


@dataclass(frozen=True, slots=True)
class Input:
    """An array on the way in.

    weak      a 0-d input traced from a Python scalar: it takes a Python float, int or bool, by its dtype
    strict    a weak input takes Python scalars only and another NumPy values only, as NumPy's rules of promotion want it;
              where the type is given and not found by tracing, strict=False lets a 0-d input take both
    donate    the program may overwrite the array
    """

    name: str
    type: ArrayType
    weak: bool = False
    donate: bool = False
    strict: bool = True

    @property
    def takes_python(self) -> bool:
        """Whether a Python scalar may come."""
        return not self.type.shape and not self.donate and (self.weak or not self.strict)

    @property
    def takes_numpy(self) -> bool:
        """Whether an array or a NumPy scalar may come."""
        return not (self.weak and self.strict)


@dataclass(frozen=True)
class Signature:
    """The parameters in order (none given: one an input, of its name), the leaves, and the result.

    inputs, outputs   the leaves in the order in which the program takes their data; all sizes are numbers
    parameters        those that are passed; one left out of here must be left out of the call
    result            the tree of what is returned, over the numbers of the outputs (none given: `OUTPUTS`)
    aliases           output -> donated input whose memory it is: the array itself is returned
    arena_bytes       scratch memory that the program needs
    long              other Python threads run meanwhile: the program releases the interpreter's lock
    returned          the parameter whose argument is returned in place of a new result, by number
    """

    inputs: tuple[Input, ...]
    outputs: tuple[ArrayType, ...]
    parameters: tuple[Parameter, ...] | None = None
    result: Tree = OUTPUTS
    aliases: Mapping[int, int] = field(default_factory=dict[int, int])
    arena_bytes: int = 0
    long: bool = False
    returned: int | None = None

    def __post_init__(self) -> None:
        if self.parameters is None:
            flat = tuple(Parameter(x.name, k) for k, x in enumerate(self.inputs))
            object.__setattr__(self, "parameters", flat)
        if self.result is OUTPUTS:
            whole = 0 if len(self.outputs) == 1 else tuple(range(len(self.outputs)))
            object.__setattr__(self, "result", whole)
        _check(self)

    @property
    def called_with(self) -> tuple[Parameter, ...]:
        """The parameters, never None."""
        assert self.parameters is not None
        return self.parameters

    @property
    def positional(self) -> int:
        """How many arguments may be passed by position."""
        return sum(parameter.kind != "keyword" for parameter in self.called_with)


def with_given_outputs(signature: Signature, name: str) -> Signature:
    """The signature with a further keyword, the result's tree of arrays that take the outputs: donated inputs that the program does
    not read.
    """
    inputs, outputs = signature.inputs, signature.outputs
    given = tuple(Input(f"{name}[{k}]", kind, donate=True) for k, kind in enumerate(outputs))
    places = {k: len(inputs) + k for k in range(len(outputs))}
    parameter = Parameter(name, renumbered(signature.result, places), "keyword")
    parameters = (*signature.called_with, parameter)
    last = len(signature.called_with)
    return replace(signature, inputs=(*inputs, *given), parameters=parameters, returned=last, aliases=places)


def _check(signature: Signature) -> None:
    for kind in (*(x.type for x in signature.inputs), *signature.outputs):
        if kind.dtype not in ORDERED or not all(isinstance(size, int) for size in kind.shape):
            raise GraphError(
                f"A value of type {kind} cannot be passed to native code.",
                "  sizes must be numbers, and the dtype one of " + ", ".join(ORDERED),
                "Bind the named sizes before compiling.",
            )
    found = sorted(number for parameter in signature.called_with for number in leaves(parameter.tree))
    if found != list(range(len(signature.inputs))):
        raise GraphError(
            "The parameters do not hold every input exactly once.",
            f"  {len(signature.inputs)} inputs; leaves: {', '.join(map(str, found)) or 'none'}",
            "Number the leaves of the parameters by the inputs.",
        )
    if not set(leaves(signature.result)) <= set(range(len(signature.outputs))):
        raise GraphError(
            "The result holds an output that is not there.",
            f"  {len(signature.outputs)} outputs; leaves: {', '.join(map(str, leaves(signature.result)))}",
            "Number the leaves of the result by the outputs.",
        )
    _check_aliases(signature)


def _check_aliases(signature: Signature) -> None:
    if len(set(signature.aliases.values())) != len(signature.aliases):
        raise GraphError(
            "One donated input cannot be the memory of two outputs.",
            f"  aliases: {dict(signature.aliases)}",
            "Give each donated input to one output.",
        )
    for output, source in signature.aliases.items():
        given, made = signature.inputs[source], signature.outputs[output]
        if not given.donate or given.type != made:
            raise GraphError(
                f"Output {output} cannot be written into the input '{given.name}'.",
                f"  the input is {given.type}{'' if given.donate else ', not donated'}; the output is {made}",
                "Let an output alias a donated input of its own type.",
            )
