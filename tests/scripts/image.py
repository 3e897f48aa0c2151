"""Blurring an image with a kernel that is built entry by entry, by loops over shifts."""

import numpy as np

rng = np.random.default_rng(0)
image = rng.uniform(size=(8, 9))
sharp = image**2


def gaussian_kernel(sigma, size=3):
    half = size // 2
    k = np.zeros((size, size))
    for i in range(-half, half + 1):
        for j in range(-half, half + 1):
            k[i + half, j + half] = np.exp(-(i**2 + j**2) / (2 * sigma**2))
    return k / k.sum()


def blur(img, k):
    h, w = k.shape
    padded = np.pad(img, ((h // 2, h // 2), (w // 2, w // 2)), mode="edge")
    out = np.zeros(img.shape)
    for i in range(h):
        for j in range(w):
            out += k[i, j] * padded[i : i + img.shape[0], j : j + img.shape[1]]
    return out


def objective(p):
    return np.mean((p[1] * blur(image, gaussian_kernel(p[0])) - sharp) ** 2)


START = np.array([0.8, 1.1])
