"""Maximum likelihood of a mixture of two normal distributions."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

rng = np.random.default_rng(3)
sample = np.concatenate([rng.normal(-1, 0.5, 20), rng.normal(2, 1.0, 30)])


def objective(p):
    w = 1 / (1 + np.exp(-p[0]))
    a = np.log(w) + norm.logpdf(sample, loc=p[1], scale=np.exp(p[2]))
    b = np.log(1 - w) + norm.logpdf(sample, loc=p[3], scale=np.exp(p[4]))
    return -np.sum(logsumexp(np.stack([a, b]), axis=0))


START = np.array([0.1, -0.8, -0.5, 1.8, 0.1])
