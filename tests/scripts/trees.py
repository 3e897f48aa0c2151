"""Felsenstein's pruning of a small tree, by recursion over nested tuples."""

import numpy as np
from scipy.linalg import expm

BASES = "ACGT"
tree = (("A", 0), ("C", 1), (("A", 2), ("G", 3), 4), 5)


def rates(kappa):
    Q = np.ones((4, 4))
    for i, j in [(0, 2), (1, 3)]:
        Q[i, j] = Q[j, i] = kappa
    np.fill_diagonal(Q, 0)
    np.fill_diagonal(Q, -Q.sum(axis=1))
    return Q / 3


def partial(node, Q, t):
    if isinstance(node[0], str):
        v = np.zeros(4)
        v[BASES.index(node[0])] = 1.0
        return v
    product = np.ones(4)
    for child in node[:-1]:
        product = product * (expm(Q * t[child[-1]]) @ partial(child, Q, t))
    return product


def objective(p):
    return -np.log(np.full(4, 0.25) @ partial(tree, rates(np.exp(p[0])), np.exp(p[1:])))


START = np.array([0.5, -1.0, -0.6, -0.8, -1.2, -0.9, -0.3])
