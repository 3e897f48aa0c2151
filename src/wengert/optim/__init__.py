"""wengert.optim: gradient descent and its kin for parameters in any container, by optax's contract.

    opt = wg.optim.adam(1e-3)
    state = opt.init(params)
    updates, state = opt.update(gradients, state, params)
    params = wg.optim.apply_updates(params, updates)

sgd, momentum, adam, adamw          update rules; a step size is a number or a schedule
clip, clip_by_global_norm           gradients cut before a rule sees them: chain(clip_by_global_norm(1.0), adam(1e-3))
chain, apply_updates                several one after another; p + u
constant, linear, exponential_decay, cosine_decay, piecewise_constant, warmup_cosine_decay, joined    schedules

States are containers of arrays, so a whole step with its gradient runs inside of `wg.compile`.
"""

from wengert.optim.schedules import (
    constant,
    cosine_decay,
    exponential_decay,
    joined,
    linear,
    piecewise_constant,
    warmup_cosine_decay,
)
from wengert.optim.steps import (
    Optimizer,
    adam,
    adamw,
    apply_updates,
    chain,
    clip,
    clip_by_global_norm,
    momentum,
    sgd,
)

__all__ = [
    "Optimizer",
    "adam",
    "adamw",
    "apply_updates",
    "chain",
    "clip",
    "clip_by_global_norm",
    "constant",
    "cosine_decay",
    "exponential_decay",
    "joined",
    "linear",
    "momentum",
    "piecewise_constant",
    "sgd",
    "warmup_cosine_decay",
]
