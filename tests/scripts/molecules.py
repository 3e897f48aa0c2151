"""Lennard-Jones energy of a cluster, pair by pair, and one step of velocity Verlet."""

import itertools

import numpy as np


def energy(r):
    total = 0.0
    for i, j in itertools.combinations(range(len(r)), 2):
        d2 = np.sum((r[i] - r[j]) ** 2)
        s6 = 1.0 / d2**3
        total += 4 * (s6**2 - s6)
    return total


def forces(r):
    f = np.zeros_like(r)
    for i, j in itertools.permutations(range(len(r)), 2):
        rij = r[i] - r[j]
        d2 = rij.dot(rij)
        f[i] += 24 * rij * (2 / d2**7 - 1 / d2**4)
    return f


def objective(x):
    r = np.array(x).reshape(-1, 2)
    v = np.zeros(r.shape)
    for _ in range(3):
        v += 0.005 * forces(r)
        r = r + 0.01 * v
        v += 0.005 * forces(r)
    return energy(r) + 0.5 * (v**2).sum()


START = np.array([0.0, 0.0, 1.2, 0.1, 0.5, 1.1])
