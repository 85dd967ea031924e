"""Reverse-mode automatic differentiation over NumPy arrays: an engine to read in one sitting.

A `Variable` is an array that remembers how it was computed. Each operation records its result, its operands and one
rule for each of them: from the derivative by the result to the derivative by that operand. `backward` walks the record
from its end to its start. PyTorch does the same, in C++, for many more operations.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

Array = np.ndarray
Rule = Callable[[Array], Array]  # from the derivative by a result to that by an operand

recording: ContextVar[bool] = ContextVar("recording", default=True)


class Variable:
    """An array of float64 that remembers how it was computed.

    Args:
        data: the numbers; a float64 array is shared, anything else is converted.
        requires_grad: whether derivatives by this variable will be asked for.
        name: what pictures and errors call it.
    """

    __array_ufunc__ = None  # array + variable is left to the variable

    def __init__(self, data: Any, requires_grad: bool = False, name: str = "") -> None:
        self.data = np.asarray(data, dtype=np.float64)
        self.grad: Array | None = None  # d(final result)/d(this), once backward has run
        self.requires_grad = requires_grad
        self.name = name
        # how it was computed; a leaf was not computed
        self.op = ""
        self.parents: tuple[Variable, ...] = ()
        self.rules: tuple[Rule, ...] | None = ()  # None: freed
        self.version = [0]  # counts changes in place; shared with detached twins
        self.saved: list[tuple[str, list[int], int]] = []
        self.retains_grad = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def is_leaf(self) -> bool:
        return not self.parents

    def __repr__(self) -> str:
        about = f", op={self.op}" if self.op else ", requires_grad" * self.requires_grad
        return f"Variable({np.array2string(self.data, precision=4)}{about})"

    def item(self) -> float:
        """The one number as a Python float."""
        return self.data.item()

    def detach(self) -> "Variable":
        """The same numbers in the same memory, without their history."""
        twin = Variable(self.data)
        twin.version = self.version
        return twin

    def retain_grad(self) -> None:
        """Ask `backward` to leave the derivative here too, though this is no leaf."""
        self.retains_grad = True

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add to the `grad` of every leaf behind this the derivative by that leaf."""
        backward(self, gradient, retain_graph)

    # fmt: off
    def __add__(self, other: Any): return add(self, other)
    def __mul__(self, other: Any): return mul(self, other)
    def __neg__(self): return mul(self, -1.0)
    def __sub__(self, other: Any): return add(self, -variable(other))
    def __rsub__(self, other: Any): return add(other, -self)
    def __truediv__(self, other: Any): return mul(self, power(other, -1.0))
    def __rtruediv__(self, other: Any): return mul(other, power(self, -1.0))
    def __pow__(self, k: int | float): return power(self, k)
    def __matmul__(self, other: Any): return matmul(self, other)
    def __rmatmul__(self, other: Any): return matmul(other, self)
    def __getitem__(self, index: Any): return take(self, index)
    def __iadd__(self, other: Any): return in_place(np.add, self, other)
    def __isub__(self, other: Any): return in_place(np.subtract, self, other)
    def __imul__(self, other: Any): return in_place(np.multiply, self, other)
    def __itruediv__(self, other: Any): return in_place(np.divide, self, other)
    def sum(self, axis: int | None = None): return total(self, axis)
    def mean(self): return total(self) * (1 / self.data.size)
    # fmt: on
    __radd__, __rmul__ = __add__, __mul__


def variable(value: Any) -> Variable:
    """A constant as a variable; a variable as it is."""
    return value if isinstance(value, Variable) else Variable(value)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside this block."""
    token = recording.set(False)
    try:
        yield
    finally:
        recording.reset(token)


def record(
    op: str,
    compute: Callable[..., Array],
    parents: Sequence[Variable],
    rules: Callable[[Array], Sequence[Rule]],
    reads: Sequence[Variable] = (),
    reads_result: bool = False,
) -> Variable:
    """Compute, and remember how: the operands, a rule for each, what the rules read.

    Args:
        op: name of the operation.
        compute: gives the result from the operands' arrays.
        parents: the operands.
        rules: gives, from the result's array, one rule for each operand.
        reads: operands whose numbers the rules will read again.
        reads_result: whether they will read the result's.

    Raises:
        ValueError: the operands' shapes do not fit together.
    """
    try:
        out = np.asarray(compute(*(p.data for p in parents)))
    except ValueError:
        require_fit(op, [p.shape for p in parents])
        raise
    result = Variable(out)
    if recording.get() and any(p.requires_grad for p in parents):
        result.requires_grad, result.op = True, op
        result.parents, result.rules = tuple(parents), tuple(rules(out))
        read = [("operands", v) for v in reads] + [("result", result)] * reads_result
        result.saved = [(whose, v.version, v.version[0]) for whose, v in read]
    return result


def require_fit(op: str, shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse operands that cannot meet.

    Raises:
        ValueError: their shapes do not broadcast, or have no matrix product.
    """
    how = "aligned at the right, sizes must be equal or 1"
    if op == "matmul":
        (*left, _, inner), (*right, also_inner, _) = shapes
        if inner != also_inner:
            raise ValueError(
                f"matmul: shapes {shapes[0]} and {shapes[1]} do not fit: the last axis "
                "of the left must be as long as the last but one of the right."
            )
        shapes, how = (left, right), f"before the last two axes, {how}"
    try:
        np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        given = " and ".join(str(tuple(shape)) for shape in shapes)
        raise ValueError(f"{op}: shapes {given} do not fit: {how}.") from None


def add(a: Any, b: Any) -> Variable:
    """a + b: the derivative goes to both, unchanged."""
    rules = [lambda g: g, lambda g: g]
    return record("add", np.add, [variable(a), variable(b)], lambda _: rules)


def mul(a: Any, b: Any) -> Variable:
    """a * b, element by element: each factor's derivative is the other factor."""
    a, b = variable(a), variable(b)
    rules = [lambda g: g * b.data, lambda g: g * a.data]
    return record("mul", np.multiply, [a, b], lambda _: rules, other_factor(a, b))


def matmul(a: Any, b: Any) -> Variable:
    """a @ b for matrices, and for stacks of them (eq-matmul-vjp).

    Raises:
        ValueError: an operand has fewer than two axes, or the shapes do not fit.
    """
    a, b = variable(a), variable(b)
    if a.data.ndim < 2 or b.data.ndim < 2:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape}: accepted are matrices; "
            "give a vector an axis of size 1."
        )
    rules = [
        lambda g: g @ np.swapaxes(b.data, -1, -2),
        lambda g: np.swapaxes(a.data, -1, -2) @ g,
    ]
    return record("matmul", np.matmul, [a, b], lambda _: rules, other_factor(a, b))


def other_factor(a: Variable, b: Variable) -> list[Variable]:
    """What the rules of a product read: for each factor that asks, the other one."""
    return [b] * a.requires_grad + [a] * b.requires_grad


def elementwise(
    op: str,
    compute: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    a: Any,
    told_from: str = "operand",
) -> Variable:
    """A function of each element; its slope is told from the operand or the result."""
    a = variable(a)

    def rules(y: Array) -> list[Rule]:
        told = y if told_from == "result" else a.data
        return [lambda g: g * slope(told)]

    reads = [a] if told_from == "operand" else []
    return record(op, compute, [a], rules, reads, reads_result=not reads)


def power(a: Any, k: int | float) -> Variable:
    """a to the k, for a constant k."""
    slope = (lambda x: k * x ** (k - 1)) if k else np.zeros_like
    return elementwise("pow", lambda x: x**k, slope, a)


def exp(a: Any) -> Variable:
    """e to the a: its own derivative."""
    return elementwise("exp", np.exp, lambda y: y, a, told_from="result")


def log(a: Any) -> Variable:
    """The natural logarithm."""
    return elementwise("log", np.log, lambda x: 1 / x, a)


def tanh(a: Any) -> Variable:
    """The hyperbolic tangent: where it is flat, its square is 1."""
    return elementwise("tanh", np.tanh, lambda y: 1 - y * y, a, told_from="result")


def relu(a: Any) -> Variable:
    """max(a, 0): slope 1 above 0, and 0 at it and below."""
    return elementwise(
        "relu", lambda x: np.maximum(x, 0), lambda y: y > 0, a, told_from="result"
    )


def total(a: Any, axis: int | None = None) -> Variable:
    """The sum over all elements or one axis: every summand gets the derivative."""
    a = variable(a)

    def spread(g: Array) -> Array:
        return np.broadcast_to(g if axis is None else np.expand_dims(g, axis), a.shape)

    return record("sum", lambda x: x.sum(axis=axis), [a], lambda _: [spread])


def take(a: Any, index: Any) -> Variable:
    """a[index]: derivatives go back to where the elements came from."""
    a = variable(a)

    def put(g: Array) -> Array:
        grad = np.zeros(a.shape)
        np.add.at(grad, index, g)  # adds up where an element was taken twice
        return grad

    # a copy: a view could be changed in place without a's knowledge
    return record("take", lambda x: np.array(x[index]), [a], lambda _: [put])


def logsumexp(a: Any) -> Variable:
    """log of the sum of exp over the last axis, which stays with size 1.

    The largest element is taken out first, so that exp cannot overflow. The derivative
    is the softmax.
    """
    a = variable(a)

    def compute(x: Array) -> Array:
        top = x.max(axis=-1, keepdims=True)
        return top + np.log(np.exp(x - top).sum(axis=-1, keepdims=True))

    def rules(y: Array) -> list[Rule]:
        return [lambda g: g * np.exp(a.data - y)]

    return record("logsumexp", compute, [a], rules, reads=[a], reads_result=True)


def cross_entropy(logits: Variable, labels: Array) -> Variable:
    """Mean of -log softmax(logits) at the right class.

    Args:
        logits: (n, classes).
        labels: the right classes, integers (n,).
    """
    rows = np.arange(len(labels))
    return (logsumexp(logits)[:, 0] - logits[rows, labels]).mean()


def in_place(ufunc: np.ufunc, a: Variable, b: Any) -> Variable:
    """Write ufunc(a, b) over a.

    Raises:
        RuntimeError: a or b takes part in what is being recorded.
        ValueError: the result would need more room than a has.
    """
    b = variable(b)
    if recording.get() and (a.requires_grad or b.requires_grad):
        raise RuntimeError(
            "in place: this would overwrite numbers that derivatives are asked of; "
            "write a = a + b, or update inside no_grad()."
        )
    try:
        ufunc(a.data, b.data, out=a.data)
    except ValueError:
        require_fit("in place", [a.shape, b.shape])
        message = f"in place: shape {b.shape} has no room in shape {a.shape}."
        raise ValueError(message) from None
    a.version[0] += 1
    return a


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the axes that broadcasting had repeated (eq-unbroadcast)."""
    missing = g.ndim - len(shape)
    repeated = [k + missing for k, n in enumerate(shape) if n != g.shape[k + missing]]
    axes = (*range(missing), *repeated)
    return g.sum(axis=axes).reshape(shape) if axes else g


def topological_order(root: Variable) -> list[Variable]:
    """All that `root` was computed from, each after everything it depends on."""
    order, seen, waiting = [], set(), [(root, False)]
    while waiting:  # no recursion: graphs are deeper than Python's stack
        node, parents_done = waiting.pop()
        if parents_done:
            order.append(node)
        elif id(node) not in seen and node.requires_grad:
            seen.add(id(node))
            waiting.append((node, True))
            waiting += [(parent, False) for parent in node.parents]
    return order


def backward(root: Variable, gradient: Any = None, retain_graph: bool = False) -> None:
    """Add to every leaf's `grad` the derivative of <root, gradient> (eq-vjp-chain).

    Args:
        root: what is differentiated.
        gradient: the weight of each element of root; 1 if root is one number.
        retain_graph: keep the rules, so that another `backward` can follow.

    Raises:
        RuntimeError: nothing to differentiate, no weights for many elements, a graph
            that is used up, or numbers that were changed after they were read.
        ValueError: gradient has another shape than root.
    """
    if not root.requires_grad:
        raise RuntimeError(
            "backward: this value depends on no variable with requires_grad=True; "
            "was it made inside no_grad(), or from something detached?"
        )
    if gradient is None and root.data.size != 1:
        raise RuntimeError(
            f"backward: this value has {root.data.size} elements, shape {root.shape}; "
            "reduce it to one number (sum, mean), or weight its elements: "
            "backward(gradient)."
        )
    g = np.ones(root.shape) if gradient is None else np.asarray(gradient, float)
    if g.shape != root.shape:
        raise ValueError(
            f"backward: gradient has shape {g.shape}; accepted is the shape of the "
            f"value, {root.shape}."
        )
    order = topological_order(root)
    for node in order:
        require_intact(node)  # before anything is added anywhere
    arrived = {id(root): g}
    for node in reversed(order):
        g = arrived.pop(id(node))
        if node.is_leaf or node.retains_grad:
            node.grad = np.array(g if node.grad is None else node.grad + g)
        for parent, rule in zip(node.parents, node.rules, strict=True):
            if parent.requires_grad:
                part = unbroadcast(np.asarray(rule(g)), parent.shape)
                known = arrived.get(id(parent))
                arrived[id(parent)] = part if known is None else known + part
        if not (retain_graph or node.is_leaf):
            node.rules, node.saved = None, []


def require_intact(node: Variable) -> None:
    """Refuse a node whose rules are gone, or rest on numbers that have changed since.

    Raises:
        RuntimeError: one of the two.
    """
    if node.rules is None:
        raise RuntimeError(
            f"backward: the rules behind this {node.op} were freed by an earlier "
            "backward; pass retain_graph=True to that one, add the losses up "
            "first, or compute the value again."
        )
    for whose, version, seen in node.saved:
        if version[0] != seen:
            raise RuntimeError(
                f"backward: {node.op} needs its {whose} as of version {seen}, but it "
                f"is at version {version[0]}: it was changed in place after that; "
                "make a new value instead (y = y + 1)."
            )
