"""Index arithmetic: where an element lies in memory, and what shape an expression has.

Shapes and strides are tuples of integers, outermost axis first; strides count
elements, not bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

Shape = Sequence[int]


def row_major_strides(shape: Shape) -> tuple[int, ...]:
    """Strides of a fresh tensor: a step jumps over all to its right (eq-strides)."""
    return tuple(
        math.prod(max(n, 1) for n in shape[k + 1 :]) for k in range(len(shape))
    )


def offset_of(index: Shape, strides: Shape, start: int = 0) -> int:
    """Position in the storage of the element at `index` (eq-offset).

    Raises:
        ValueError: index and strides differ in length.
    """
    return start + sum(i * s for i, s in zip(index, strides, strict=True))


def index_of(position: int, shape: Shape) -> tuple[int, ...]:
    """The index at `position` of row-major order (eq-unravel).

    Raises:
        IndexError: the shape has no such position.
    """
    if not 0 <= position < math.prod(shape):
        raise IndexError(
            f"position = {position}: accepted for shape {tuple(shape)} is "
            f"0 to {math.prod(shape) - 1}."
        )
    return tuple(
        position // s % n for s, n in zip(row_major_strides(shape), shape, strict=True)
    )


def is_contiguous(shape: Shape, strides: Shape) -> bool:
    """Whether row-major order walks through the storage without a jump.

    The stride of an axis of size 1 is never used, so it does not count.
    """
    expected = row_major_strides(shape)
    return 0 in shape or all(
        n == 1 or s == e for n, s, e in zip(shape, strides, expected, strict=True)
    )


def infer_size(elements: int, shape: Shape) -> tuple[int, ...]:
    """Replace the one -1 of a requested shape by the size that uses up all elements.

    Raises:
        ValueError: more than one -1, another negative size, or no size fits.
    """
    if any(n < -1 for n in shape) or list(shape).count(-1) > 1:
        raise ValueError(
            f"shape = {tuple(shape)}: accepted are sizes from 0, and -1 at most once."
        )
    known = math.prod(n for n in shape if n != -1)
    if -1 not in shape and known == elements:
        return tuple(shape)
    if -1 in shape and known and elements % known == 0:
        return tuple(elements // known if n == -1 else n for n in shape)
    raise ValueError(f"shape = {tuple(shape)}: {elements} elements do not fit into it.")


def view_strides(
    shape: Shape, strides: Shape, new_shape: Shape
) -> tuple[int, ...] | None:
    """Strides that read the same elements as `new_shape`; None if only a copy can.

    Axes that can be walked as one (each stride is the next stride times the next size)
    are merged into blocks; a new axis may split a block but never reach across two.
    """
    if 0 in shape:
        return row_major_strides(new_shape)
    blocks: list[tuple[int, int]] = []  # (elements, innermost stride), from the right
    for n, s in zip(reversed(shape), reversed(strides), strict=True):
        if n == 1:
            continue
        if blocks and s == blocks[-1][0] * blocks[-1][1]:
            blocks[-1] = (blocks[-1][0] * n, blocks[-1][1])
        else:
            blocks.append((n, s))
    found: list[int] = []
    left, step = blocks.pop(0) if blocks else (1, 1)
    for n in reversed(new_shape):
        if left == 1 and n > 1 and blocks:
            left, step = blocks.pop(0)
        if left % n:
            return None
        found.append(step)
        left, step = left // n, step * n
    return tuple(reversed(found))


def broadcast_shapes(*shapes: Shape) -> tuple[int, ...]:
    """The shape that several shapes broadcast to (eq-rule).

    Shapes are aligned at the right; sizes are equal or 1; a missing axis counts as 1.

    Raises:
        ValueError: an axis has two different sizes, neither of them 1.
    """
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for axis, sizes in enumerate(zip(*padded, strict=True)):
        wanted = {n for n in sizes if n != 1} or {1}
        if len(wanted) > 1:
            raise ValueError(
                f"axis {axis - rank} has sizes {' and '.join(map(str, sizes))}: "
                "accepted are equal sizes or 1."
            )
        result.append(wanted.pop())
    return tuple(result)


def broadcast_strides(shape: Shape, strides: Shape, target: Shape) -> tuple[int, ...]:
    """Strides that read a tensor as if it had the shape `target` (eq-stride-zero).

    They are 0 along every axis that repeats: a step there moves nowhere.

    Raises:
        ValueError: the shape does not broadcast to the target.
    """
    missing = len(target) - len(shape)
    if missing < 0 or broadcast_shapes(shape, target) != tuple(target):
        raise ValueError(
            f"shape = {tuple(shape)}: it does not broadcast to {tuple(target)}."
        )
    kept = zip(shape, strides, target[missing:], strict=True)
    return (0,) * missing + tuple(
        0 if n == 1 and wanted != 1 else s for n, s, wanted in kept
    )


def matmul_shape(a: Shape, b: Shape) -> tuple[int, ...]:
    """Shape of `a @ b`: the inner sizes meet and vanish, axes before them broadcast.

    A vector on the left is a single row, a vector on the right a single column; that
    axis of size 1 vanishes again.

    Raises:
        ValueError: a scalar is given, or the inner sizes differ.
    """
    if not a or not b:
        raise ValueError(
            f"shapes {tuple(a)} and {tuple(b)}: a matrix product takes no scalar."
        )
    rows, inner = (a[-2:-1] or (1,))[0], a[-1]
    meets, columns = (b[-2], b[-1]) if len(b) > 1 else (b[-1], 1)
    if inner != meets:
        raise ValueError(
            f"shapes {tuple(a)} and {tuple(b)}: "
            f"the inner sizes {inner} and {meets} differ."
        )
    batch = broadcast_shapes(a[:-2], b[:-2])
    return batch + ((rows,) if len(a) > 1 else ()) + ((columns,) if len(b) > 1 else ())


def reduced_shape(shape: Shape, dims: Shape, keepdim: bool = False) -> tuple[int, ...]:
    """Shape after a reduction over `dims`: these axes vanish, or stay with size 1.

    Without `dims`, all axes are reduced.

    Raises:
        ValueError: an axis that the shape does not have, or one named twice.
    """
    rank = max(len(shape), 1)  # a scalar takes the axis 0, as in torch
    gone = [d + rank if d < 0 else d for d in dims or range(rank)]
    if not all(0 <= d < rank for d in gone) or len(set(gone)) < len(gone):
        raise ValueError(
            f"dims = {tuple(dims)}: "
            f"accepted are different axes from {-rank} to {rank - 1}."
        )
    return tuple(
        1 if d in gone else n for d, n in enumerate(shape) if keepdim or d not in gone
    )


def shares_storage(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors read the same block of memory: a write may show in both.

    A tensor that has no block, such as one on the device `meta`, shares nothing.
    """
    first, second = a.untyped_storage(), b.untyped_storage()
    return first.data_ptr() == second.data_ptr() != 0


def require_same_shape(prediction: Tensor, target: Tensor) -> None:
    """Refuse a prediction and a target that would only meet by broadcasting.

    Raises:
        ValueError: the shapes differ.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and target {tuple(target.shape)} "
            "must have the same shape: a loss would broadcast them."
        )
