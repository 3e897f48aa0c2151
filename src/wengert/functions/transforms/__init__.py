"""Transforms of Python functions of arrays: derivatives and batches, each a function again.

    f ──▶ derivatives: grad, value_and_grad · linear: jvp, vjp, linearize · matrices: jacobian, hessian and products
      ──▶ batches: vmap · checkpoints · checks: check_grads
    custom, primitives: functions whose derivatives are given

In goes a function, out comes a function; what a call does is left to `engine`. Read first `derivatives.py`.
"""
