"""SciPy's functions that do not ask their arguments how they are to be called, for traced values too.

    from wengert.scipy import signal ──▶ arrays: SciPy's own function
                                     ──▶ traced values: the same formula, of NumPy's functions and ops of `wengert.core.ops`

In go SciPy's arguments; out come its results, or traced values. A file has the name of the module of SciPy whose functions it has:
`from wengert.scipy import signal` in place of `from scipy import signal`. The ufuncs of scipy.special need no such module: NumPy's protocol
brings them traced values. SciPy is an extra of this package: without it the import is an ImportError. Read first `linalg`.
"""

from wengert.core.ops.scipy_functions import needed

needed("scipy", "'wengert.scipy'")
