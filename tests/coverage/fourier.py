"""numpy.fft: along one axis and several, odd and even, cut and filled, with every norm."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(21)


def plane(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


def line(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


F = np.fft
EVEN, ODD, ONE = plane(6), plane(5), plane(1)
FACE, CUBE = plane(3, 4), plane(2, 3, 4)
REAL, REAL_ODD, REAL_FACE, REAL_CUBE = line(6), line(5), line(3, 4), line(2, 3, 4)
NONE = np.zeros((0, 4))
NORMS = ("ortho", "forward", "backward")

ALONG_ONE = tuple(
    sample
    for function in (F.fft, F.ifft)
    for sample in cases(
        function,
        *(EVEN, ODD, ONE, FACE, NONE),
        *((EVEN, 4), (EVEN, 9), (FACE, 5, 0), (CUBE, {"axis": -2, "n": 2}), (ODD, 1)),
        *((ODD, None, -1, norm) for norm in NORMS),
    )
    + cases(function, REAL, REAL_FACE, complex_step=False)
)
REAL_ONES = tuple(
    sample
    for function in (F.rfft, F.ihfft)
    for sample in cases(
        function,
        *(REAL, REAL_ODD, REAL[:1], REAL_FACE, NONE, np.arange(4)),
        *((REAL, 4), (REAL, 3), (REAL, 9), (REAL_FACE, 5, 0), (REAL_CUBE, {"axis": -2, "n": 2}), (REAL, 1)),
        *((REAL_ODD, None, -1, norm) for norm in NORMS),
        complex_step=False,
    )
)
HALVES = tuple(
    sample
    for function in (F.irfft, F.hfft)
    for sample in cases(
        function,
        *(EVEN, ODD, FACE, NONE + 0j),
        *((EVEN, 4), (EVEN, 3), (EVEN, 9), (EVEN, 16), (FACE, 5, 0), (CUBE, {"axis": -2, "n": 2}), (ODD, 1)),
        *((ODD, 7, -1, norm) for norm in NORMS),
    )
    + cases(function, REAL, complex_step=False)
)
SEVERAL = tuple(
    sample
    for function in (F.fft2, F.ifft2, F.fftn, F.ifftn)
    for sample in cases(
        function,
        *(FACE, CUBE, (CUBE, (2, 5), (0, 2)), (CUBE, {"axes": (2, 0)}), (CUBE, {"axes": (-1, -2), "norm": "ortho"})),
        *((FACE, (4, -1), (0, 1)), (FACE, {"norm": "forward"}), (CUBE, {"axes": (1, 1)})),
    )
    + cases(function, REAL_FACE, complex_step=False)
)
SEVERAL_REAL = tuple(
    sample
    for function in (F.rfft2, F.rfftn)
    for sample in cases(
        function,
        *(REAL_FACE, REAL_CUBE, (REAL_CUBE, (2, 5), (0, 2)), (REAL_CUBE, {"axes": (2, 0)})),
        *((REAL_FACE, (4, -1), (0, 1)), (REAL_CUBE, {"axes": (1, 2), "norm": "ortho"})),
        complex_step=False,
    )
)
SEVERAL_HALVES = tuple(
    sample
    for function in (F.irfft2, F.irfftn)
    for sample in cases(
        function,
        *(FACE, CUBE, (CUBE, (2, 5), (0, 2)), (CUBE, {"axes": (2, 0)})),
        *((FACE, (4, -1), (0, 1)), (CUBE, {"axes": (1, 2), "norm": "ortho"})),
    )
)
SHIFTS = tuple(
    sample
    for function in (F.fftshift, F.ifftshift)
    for sample in cases(function, ODD, REAL, REAL_FACE, (CUBE, 1), (CUBE, (0, -1)), NONE, np.arange(5))
)
ONES = (
    *cases(F.fftn, ODD, (FACE, {"axes": (1,)})),
    *cases(F.rfftn, REAL_ODD, complex_step=False),
    *cases(F.irfftn, EVEN),
)
SAMPLES = (*ALONG_ONE, *REAL_ONES, *HALVES, *SEVERAL, *SEVERAL_REAL, *SEVERAL_HALVES, *SHIFTS, *ONES)
