"""What a type checker says of the public names: each `pyright: ignore` below is an error that must be found.

`scripts/check` reads this file with `reportUnnecessaryTypeIgnoreComment`, so that an ignore with no error beneath it fails. It is not run.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

import wengert as wg


def area(width: float, height: float = 1.0) -> float:
    """A function with a signature to keep."""
    return width * height


wg.gradd(area)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
version: str = wg.__version__

wg.grad(area)(1.0, height=2.0)
wg.grad(area)(1.0, depth=2.0)  # pyright: ignore[reportCallIssue]
wg.grad(area)("wide")  # pyright: ignore[reportArgumentType]

value, slope = wg.value_and_grad(area)(1.0)
number: float = value
text: str = value  # pyright: ignore[reportAssignmentType]

wg.elementwise_grad(area)()  # pyright: ignore[reportCallIssue]
wg.jacobian(area)()  # pyright: ignore[reportCallIssue]
wg.hessian(area)()  # pyright: ignore[reportCallIssue]
wg.vmap(area)()  # pyright: ignore[reportCallIssue]
wg.holomorphic_grad(area)()  # pyright: ignore[reportCallIssue]
wg.checkpoint(area)()  # pyright: ignore[reportCallIssue]
wg.trace(area)()  # pyright: ignore[reportCallIssue]
wg.compile(area)()  # pyright: ignore[reportCallIssue]
also: float = wg.compile(area)(1.0, 2.0)
