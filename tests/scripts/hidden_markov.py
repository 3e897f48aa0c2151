"""The forward algorithm of a hidden Markov model in logarithms."""

import numpy as np
from scipy.special import logsumexp

letters = "abacabadab"


def log_normalize(m):
    return m - logsumexp(m, axis=-1, keepdims=True)


def objective(p):
    trans = log_normalize(p[:4].reshape(2, 2))
    emit = log_normalize(p[4:12].reshape(2, 4))
    alpha = np.log(np.array([0.6, 0.4])) + emit[:, "abcd".index(letters[0])]
    for letter in letters[1:]:
        new = np.empty(2)
        for j in range(2):
            new[j] = logsumexp([alpha[i] + trans[i, j] for i in range(2)]) + emit[j, "abcd".index(letter)]
        alpha = new
    return -logsumexp(alpha)


START = np.random.default_rng(4).normal(size=12)
