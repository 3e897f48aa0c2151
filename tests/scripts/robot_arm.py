"""Forward kinematics of an arm by Denavit–Hartenberg matrices, and the distance of its tip from a target."""

import numpy as np
from numpy import cos, pi, sin

LINKS = [(0.0, pi / 2, 0.4), (0.5, 0.0, 0.0), (0.3, 0.0, 0.1)]


def transform(theta, a, alpha, d):
    ct, st, ca, sa = cos(theta), sin(theta), cos(alpha), sin(alpha)
    return np.array(
        [
            [ct, -st * ca, st * sa, a * ct],
            [st, ct * ca, -ct * sa, a * st],
            [0, sa, ca, d],
            [0, 0, 0, 1],
        ]
    )


class Arm:
    def __init__(self, links):
        self.links = links

    def tip(self, angles):
        T = np.eye(4)
        for theta, (a, alpha, d) in zip(angles, self.links):
            T = T @ transform(theta, a, alpha, d)
        return T[:3, 3]


arm = Arm(LINKS)
target = np.array([0.3, 0.2, 0.5])


def objective(q):
    return np.linalg.norm(arm.tip(q) - target)


START = np.array([0.3, -0.4, 0.7])
