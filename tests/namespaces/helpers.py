"""A module of a user, as the tests import it."""

from math import exp

import numpy as np
from numpy import *  # noqa: F403

calls = 0


def filled(x):
    a = zeros(3)  # noqa: F405
    a[0] = x
    a[1] = x * exp(x)
    return a


def counted(x):
    global calls
    calls += 1
    return np.array([x, x * x])


class Spring:
    def __init__(self, stiffness):
        self.stiffness = stiffness
        self.parts = [self.pull]

    def pull(self, x):
        out = np.zeros(2)
        out[1] = self.stiffness * x
        return out

    def energy(self, x):
        return np.sum(self.pull(x) ** 2)


class Damped(Spring):
    def energy(self, x):
        return super().energy(x) + np.array([x, x])[1]


spring = Spring(2.0)
table = {"filled": filled}
