"""References for the ops of linear algebra: mpmath with 40 digits, matrix by matrix; LAPACK gives the signs of the columns only."""

from __future__ import annotations

import mpmath
import numpy as np


def matrix(a):
    return mpmath.matrix(a.tolist()) if a.size else mpmath.matrix(*a.shape)


def array(m, shape):
    return np.array([[float(m[i, j]) for j in range(shape[1])] for i in range(shape[0])]).reshape(shape)


def each(function):
    """The function of matrices on each matrix of stacks."""

    def reference(*stacks, **params):
        many = stacks[0].shape[:-2]
        with mpmath.workdps(40):
            found = {place: function(*(s[place] for s in stacks), **params) for place in np.ndindex(many)}
        if found:
            return np.array(list(found.values())).reshape((*many, *np.shape(next(iter(found.values())))))
        return np.zeros(
            (*many, *np.shape(function(*(np.ones(s.shape[-2:]) + np.eye(*s.shape[-2:]) for s in stacks), **params)))
        )

    return reference


def several(*functions):
    """One reference a result."""
    return lambda *stacks, **params: tuple(each(f)(*stacks, **params) for f in functions)


def solved(a, b):
    return array(mpmath.lu_solve(matrix(a), matrix(b)), b.shape) if b.shape[1] == 1 else inverse_times(a, b)


def inverse_times(a, b):
    return array(mpmath.inverse(matrix(a)) * matrix(b), b.shape) if b.size else np.zeros(b.shape)


def triangular(a, b, lower, transpose, unit):
    a = np.tril(a) if lower else np.triu(a)
    if unit:
        a = a - np.diag(np.diag(a)) + np.eye(len(a))
    return inverse_times(a.T if transpose else a, b)


def inverse(a):
    return inverse_times(a, np.eye(len(a)))


def pseudoinverse(a):
    """By the normal equations, of full rank."""
    if not a.size:
        return np.zeros(a.shape[::-1])
    m = matrix(a)
    if a.shape[0] < a.shape[1]:
        return pseudoinverse(a.T).T
    return array(mpmath.inverse(m.T * m) * m.T, a.shape[::-1])


def sylvester(a, b, c):
    m, n = c.shape
    if not c.size:
        return np.zeros(c.shape)
    wide = np.kron(np.eye(n), a) + np.kron(b.T, np.eye(m))
    return inverse_times(wide, c.T.reshape(-1, 1)).reshape(n, m).T


def determinant(a):
    return float(mpmath.det(matrix(a))) if a.size else 1.0


def minor(a, *gone):
    """The determinant without some rows and columns."""
    rows, columns = zip(*gone, strict=True)
    return determinant(np.delete(np.delete(a, rows, 0), columns, 1))


def cofactors(a):
    n = len(a)
    return np.array([[(-1) ** (i + j) * minor(a, (i, j)) for j in range(n)] for i in range(n)]).reshape(n, n)


def cofactor_slopes(a, e):
    """By second minors: ∂² det/∂a_ij ∂a_kl, summed over e_kl."""
    n = len(a)
    found = np.zeros((n, n))
    for i, j, k, l in np.ndindex(n, n, n, n):
        if i != k and j != l:
            sign = (-1) ** (i + j + k + l) * (1 if (k > i) == (l > j) else -1)
            found[i, j] += sign * minor(a, (i, j), (k, l)) * e[k, l]
    return found


def cholesky(a):
    return array(mpmath.cholesky(matrix(a)), a.shape) if a.size else a


def eigenvalues(a, lower, library):
    return np.array([float(w) for w in mpmath.eigsy(matrix(a), eigvals_only=True)]) if a.size else np.zeros(len(a))


def eigenvectors(a, lower, library):
    if not a.size:
        return a
    v = array(mpmath.eigsy(matrix(a))[1], a.shape)
    return v * np.sign(np.sum(v * np.linalg.eigh(a)[1], axis=0))


def eigen(a, part):
    """w, V or the largest entries; LAPACK gives the order."""
    n = len(a)
    if not n:
        return (np.zeros(0, complex), np.zeros((0, 0), complex), np.zeros((0, 0)))[part]
    w, v = mpmath.eig(matrix(a))
    w, v = np.array([complex(x) for x in w]), np.array([[complex(v[i, j]) for j in range(n)] for i in range(n)])
    order = [int(np.argmin(np.abs(w - x))) for x in np.linalg.eigvals(a)]
    w, v = w[order], v[:, order] / np.linalg.norm(v[:, order], axis=0)
    top = np.argmax(np.abs(v), axis=0)
    v = v * (np.abs(v[top, range(n)]) / v[top, range(n)])
    signs = np.sign((v.conj() * np.linalg.eig(a)[1]).sum(axis=0).real)
    return (w, v * signs, np.arange(n)[:, None] == top)[part]


def singular(a, part):
    """U, s or Vᵀ."""
    m, n = a.shape
    k = min(m, n)
    if not a.size:
        return (np.zeros((m, k)), np.zeros(k), np.zeros((k, n)))[part]
    u, s, v = mpmath.svd_r(matrix(a))
    u, s, v = array(u, (m, k)), np.array([float(x) for x in s]), array(v, (k, n))
    signs = np.sign(np.sum(u * np.linalg.svd(a, full_matrices=False)[0], axis=0))
    return (u * signs, s, v * signs[:, None])[part]


def orthogonal(a, part):
    """Q or R: by the Cholesky factor of AᵀA of the square or tall part."""
    m, n = a.shape
    k = min(m, n)
    if not k:
        return (np.zeros((m, k)), np.zeros((k, n)))[part]
    first = matrix(a[:, :k])
    r = mpmath.cholesky(first.T * first).T
    q = array(first * mpmath.inverse(r), (m, k))
    signs = np.sign(np.sum(q * np.linalg.qr(a)[0], axis=0))
    whole = array((first * mpmath.inverse(r)).T * matrix(a), (k, n))
    return (q * signs, whole * signs[:, None])[part]


def exponential(a):
    return array(mpmath.expm(matrix(a)), a.shape) if a.size else a


def root(a):
    return array(mpmath.sqrtm(matrix(a)), a.shape) if a.size else a


REFERENCES = {
    "solve": each(solved),
    "solve_triangular": each(triangular),
    "inv": each(inverse),
    "pinv": each(lambda a, rcond, hermitian: pseudoinverse(a)),
    "solve_sylvester": each(sylvester),
    "det": each(determinant),
    "cofactors": each(cofactors),
    "cofactor_slopes": each(cofactor_slopes),
    "slogdet": several(lambda a: np.sign(determinant(a)), lambda a: float(mpmath.log(abs(mpmath.mpf(determinant(a)))))),
    "mirror": each(
        lambda a, lower: np.where(np.tri(len(a)) > 0, a, a.T) if lower else np.where(np.tri(len(a)) > 0, a.T, a)
    ),
    "cholesky": each(cholesky),
    "eigh": several(eigenvalues, eigenvectors),
    "eig": several(*(lambda a, part=part: eigen(a, part) for part in range(3))),
    "svd": several(*(lambda a, full, library, part=part: singular(a, part) for part in range(3))),
    "rigid": lambda v, w: v,
    "qr": several(*(lambda a, full, library, part=part: orthogonal(a, part) for part in range(2))),
    "expm": each(exponential),
    "sqrtm": each(root),
}
