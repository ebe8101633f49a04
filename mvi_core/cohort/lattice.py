"""Which whole-number changes keep all margins and come nearest to a wanted effect: lattice reduction and rounding."""

import numpy as np


def margin_preserving(design):
    """Basis of the whole-number changes of cell counts that leave every column total as it is.

    Parameters
    ----------
    design : array-like of int, shape (2**k, k + 1)
        Constant and k levels (0 or 1) of each cell, the first level changing fastest.

    Returns
    -------
    numpy.ndarray of int, shape (2**k - k - 1, 2**k)

    Examples
    --------
    >>> margin_preserving([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]]).tolist()
    [[1, -1, -1, 1]]
    """
    levels = np.asarray(design)[:, 1:].astype(int)
    single = 1 << np.arange(levels.shape[1])
    changes = np.eye(len(levels), dtype=int)
    changes[:, single] -= levels
    changes[:, 0] += levels.sum(axis=1) - 1
    return np.delete(changes, [0, *single], axis=0)


def near_combinations(vectors, wanted, rng, *, n, spread=0.3):
    """Draw whole-number combinations of vectors that come near a wanted vector.

    Nearest-plane rounding on the reduced basis; each rounding is shaken, so that many near combinations are seen.

    Parameters
    ----------
    vectors : numpy.ndarray of float, shape (m, d)
        Linearly independent rows.
    wanted : numpy.ndarray of float, shape (d,)
    rng : numpy.random.Generator
    n : int
        Number of combinations.
    spread : float, optional
        Standard deviation of the shake, in steps of the basis.

    Returns
    -------
    numpy.ndarray of int, shape (n, m)

    References
    ----------
    Babai 1986, doi:10.1007/BF02579403.

    Examples
    --------
    >>> near_combinations(np.eye(2), np.array([2.2, -0.9]), np.random.default_rng(0), n=1, spread=0).tolist()
    [[2, -1]]
    """
    basis, made = reduce_basis(vectors)
    directions, _ = _orthogonal(basis)
    left = np.tile(wanted, (n, 1))
    combinations = np.zeros((n, len(basis)), dtype=int)
    for row in range(len(basis) - 1, -1, -1):
        exact = left @ directions[row] / (directions[row] @ directions[row])
        whole = np.round(exact + rng.normal(0, spread, n)).astype(int)
        left -= whole[:, None] * basis[row]
        combinations += whole[:, None] * made[row]
    return combinations


def reduce_basis(basis, *, delta=0.99):
    """Reduce a lattice basis to short, nearly orthogonal vectors.

    Parameters
    ----------
    basis : numpy.ndarray of float, shape (m, d)
        Linearly independent rows.
    delta : float, optional
        Lovasz factor, above 0.25 and below 1; nearer to 1 is slower and shorter.

    Returns
    -------
    reduced : numpy.ndarray of float, shape (m, d)
    made : numpy.ndarray of int, shape (m, m)
        Whole numbers with ``reduced = made @ basis``.

    References
    ----------
    Lenstra, Lenstra, Lovasz 1982, doi:10.1007/BF01457454.

    Examples
    --------
    >>> reduce_basis(np.array([[1.0, 0.0], [4.0, 1.0]]))[0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    basis, made = basis.copy(), np.eye(len(basis), dtype=int)
    row = 1
    while row < len(basis):
        directions, mu = _orthogonal(basis[: row + 1])
        for earlier in range(row - 1, -1, -1):
            whole = round(mu[row, earlier])
            basis[row] -= whole * basis[earlier]
            made[row] -= whole * made[earlier]
            mu[row] -= whole * mu[earlier]
        norm = (directions**2).sum(axis=1)
        if norm[row] >= (delta - mu[row, row - 1] ** 2) * norm[row - 1]:
            row += 1
        else:
            basis[[row, row - 1]], made[[row, row - 1]] = basis[[row - 1, row]], made[[row - 1, row]]
            row = max(row - 1, 1)
    return basis, made


def _orthogonal(basis):
    """Gram-Schmidt directions (not normalised) and coefficients of a basis."""
    q, r = np.linalg.qr(basis.T)
    size = np.diag(r)
    return (q * size).T, (r / size[:, None]).T
