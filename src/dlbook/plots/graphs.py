"""The picture of a computational graph: which operation took which values, for the book's engine and for torch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch

from .cells import shape_text, value_text
from .diagram import Diagram, text_width
from .layers import Layout, arrange
from .look import ACCENT, COLOURS, EMPTY, INK, MUTED, RULE, WIDTH, Number, mix
from .picture import MARGIN, Picture

MOST = 40  # nodes that one picture holds
NARROW = 5.2  # inches: read on a phone; a graph that is wider flows down
TALK = 640  # letters of alt text about operations


@runtime_checkable
class Variable(Protocol):
    """What is drawn of the engine's variables: a page that weaves the engine has a class of its own."""

    parents: Sequence[Variable]
    op: str
    name: str
    requires_grad: bool
    data: Any
    grad: Any


@dataclass(frozen=True)
class Node:
    """One box: what computed or holds a value, and what is known of that value."""

    kind: str  # leaf, constant, operation or result
    label: str  # the operation, or what a leaf is called
    shape: tuple[int, ...] | None = None
    name: str = ""  # of the value that an operation makes
    note: str = ""  # a leaf's gradient

    def title(self) -> str:
        return f"{self.name} = {self.label}" if self.name and self.kind == "operation" else self.label


@dataclass(frozen=True)
class Graph:
    """Nodes, each after everything it takes, the result last; an edge for each time that a node takes another."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]


def graph(
    value: torch.Tensor | Variable,
    names: Mapping[str, torch.Tensor | Variable] | None = None,
    *,
    shapes: bool = True,
    gradients: bool = False,
) -> Picture:
    """The operations that made `value`, from the leaves that ask for a gradient to the result; an arrow for each use.

    Operations have round corners, leaves that require a gradient are filled, constants are pale, the result has a heavy
    edge. `names` says what to call tensors or variables, found by identity: those that have no part in the graph are
    left out, so are in torch all that need no gradient: its graph does not hold them. `shapes` writes the shape of each
    result, `gradients` the `grad` of each leaf (its shape, where it has more than 3 elements). The graph flows to the
    right, or down where 5.2 inches do not hold it.

    Raises:
        TypeError: value is neither a torch tensor nor a `dlbook.autograd.Variable`.
        ValueError: value has no history, or one of more than 40 nodes.
    """
    found = record_of(value, names or {}, gradients)
    if len(found.nodes) > MOST:
        raise ValueError(
            f"the graph behind value has {len(found.nodes)} nodes and at most {MOST} are drawn: "
            "take a smaller expression"
        )
    if not shapes:
        found = replace(found, nodes=tuple(replace(node, shape=None) for node in found.nodes))
    sheet, down, layout = Diagram(), False, _layout(found, down=False)
    if layout.length > NARROW - 2 * MARGIN:
        other = _layout(found, down=True)
        if min(other.breadth, layout.length) == other.breadth or other.breadth <= WIDTH - 2 * MARGIN:
            down, layout = True, other
    turn = (lambda p: (p[1], p[0])) if down else (lambda p: p)
    for route in layout.routes:
        sheet.bend([turn(p) for p in route], MUTED, down=down)
    for node, centre in zip(found.nodes, layout.centres, strict=True):
        _box(sheet, node, *turn(centre), down)
    return sheet.finish(_alt(found))


def record_of(value: torch.Tensor | Variable, names: Mapping[str, Any], gradients: bool = False) -> Graph:
    """The graph behind a value as plain data, whichever engine recorded it; raises as `graph` does."""
    if isinstance(value, torch.Tensor):
        root, operands, describe = value.grad_fn, _torch_operands, _torch_node
        keys = {name: _torch_key(t) for name, t in names.items()}  # kept: an id is only good while its object lives
        called = {id(key): name for name, key in keys.items()}
    elif isinstance(value, Variable):
        root, operands, describe = value if value.parents else None, lambda v: v.parents, _engine_node
        called = {id(v): name for name, v in names.items()}
    else:
        raise TypeError(f"value must be a torch tensor or a dlbook.autograd.Variable, got {type(value).__name__}")
    if root is None:
        raise ValueError(
            "value must be computed from something that requires a gradient to have a graph, "
            f"got one without history of shape {shape_text(value.shape)}"
        )
    order = _order(root, operands)
    number = {id(key): i for i, key in enumerate(order)}
    nodes = [describe(key, called, gradients) for key in order]
    edges = [(number[id(operand)], i) for i, key in enumerate(order) for operand in operands(key)]
    nodes.append(Node("result", nodes[-1].name or "result", tuple(value.shape)))
    nodes[-2] = replace(nodes[-2], name="")  # the result carries it
    return Graph(tuple(nodes), (*edges, (len(order) - 1, len(order))))


def _order(root: Any, operands: Callable[[Any], Sequence[Any]]) -> list[Any]:
    """Everything behind `root`, each after what it takes. No recursion: graphs are deeper than Python's stack."""
    order, seen, waiting = [], {}, [(root, False)]
    while waiting:
        key, ready = waiting.pop()
        if ready:
            order.append(key)
        elif id(key) not in seen:
            seen[id(key)] = key
            waiting.append((key, True))
            waiting += [(operand, False) for operand in reversed(operands(key))]
    return order


def _engine_node(value: Variable, called: Mapping[int, str], gradients: bool) -> Node:
    name = called.get(id(value), value.name)
    if value.parents:
        return Node("operation", value.op, value.shape, name)
    if value.requires_grad:
        return Node("leaf", name or "variable", value.shape, name, _gradient(value.grad) if gradients else "")
    number = value_text(value.data.item()) if value.data.size == 1 else ""
    return Node("constant", name or number or "constant", None if number and not name else value.shape, name)


def _torch_operands(function: Any) -> list[Any]:
    return [operand for operand, _ in function.next_functions if operand is not None]


def _torch_key(tensor: Any) -> Any:
    """What stands for a tensor in torch's graph: the function that made it; for a leaf, itself."""
    made = getattr(tensor, "grad_fn", None)
    return tensor if made is None else made


def _torch_node(function: Any, called: Mapping[int, str], gradients: bool) -> Node:
    if hasattr(function, "variable"):  # AccumulateGrad: where the gradient of a leaf arrives
        leaf = function.variable
        name = called.get(id(leaf), "")
        return Node("leaf", name or "tensor", tuple(leaf.shape), name, _gradient(leaf.grad) if gradients else "")
    made = getattr(function, "_input_metadata", ())  # what comes back to it has the shape of what it made
    shape = tuple(int(size) for size in made[0].shape) if len(made) == 1 else None
    return Node("operation", operation_name(function.name()), shape, called.get(id(function), ""))


def operation_name(name: str) -> str:
    """The operation whose backward torch calls so: MulBackward0 is mul, NllLossBackward0 is nll_loss."""
    bare = re.sub(r"Backwards?\d*$", "", name.rsplit("::", 1)[-1])
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()


def _gradient(grad: Any) -> str:
    if grad is None:
        return "no grad yet"
    values = [value_text(float(v)) for v in grad.reshape(-1)[:3].tolist()]
    size = len(grad.reshape(-1))
    text = values[0] if size == 1 else f"[{', '.join(values)}]" if size <= 3 else shape_text(grad.shape)
    return f"grad {text}"


def _lines(node: Node, down: bool) -> list[list[tuple[str, dict[str, Any]]]]:
    """What stands in a box, line by line: label and shape (beside each other where the graph flows down), gradient."""
    label = (node.title(), {"size": 10.0, "bold": node.kind != "operation"})
    shape = [] if node.shape is None else [(shape_text(node.shape), {"size": 9.0, "mono": True})]
    note = [[(node.note, {"size": 9.0})]] if node.note else []
    return [[label, *shape], *note] if down else [[label], *[[part] for part in shape], *note]


def _size(node: Node, down: bool) -> tuple[Number, Number]:
    lines = _lines(node, down)
    wide = max(sum(text_width(text, **look) for text, look in line) + 0.09 * (len(line) - 1) for line in lines)
    return max(wide + 0.22, 0.4), 0.13 + 0.18 * len(lines)


def _layout(found: Graph, down: bool) -> Layout:
    sizes = [_size(node, down) for node in found.nodes]
    if down:
        return arrange([(h, w) for w, h in sizes], found.edges, gap=0.27, space=0.18)
    return arrange(sizes, found.edges, gap=0.34, space=0.16)


LOOKS = {  # face, edge, width of the edge
    "leaf": (mix(ACCENT, share=0.66), ACCENT, 1.2),
    "constant": (EMPTY, RULE, 0.8),
    "operation": ("#ffffff", INK, 1.0),
    "result": (mix(COLOURS["highlight"], share=0.45), INK, 2.2),
}


def _box(sheet: Diagram, node: Node, x: Number, y: Number, down: bool) -> None:
    (width, height), (face, edge, line) = _size(node, down), LOOKS[node.kind]
    corner = (x - width / 2, y - height / 2)
    if node.kind == "operation":
        sheet.pill(*corner, width, height, face=face, edge=edge, line=line, radius=0.15)
    else:
        sheet.cell(*corner, width, height, face=face, edge=edge, line=line)
    lines = _lines(node, down)
    for i, parts in enumerate(lines):
        wide = sum(text_width(text, **look) for text, look in parts) + 0.09 * (len(parts) - 1)
        left = x - wide / 2
        for text, look in parts:
            left += sheet.write(left, y + (i - (len(lines) - 1) / 2) * 0.18, text, **look) + 0.09


def _alt(found: Graph) -> str:
    """The graph in words: each operation with what it takes, as many as fit."""
    titles = [node.name or node.label for node in found.nodes]
    many, count, called = Counter(titles), Counter(), []
    for title in titles:
        count[title] += 1
        called.append(f"{title} {count[title]}" if many[title] > 1 else title)
    parts, letters = [], 0
    operations = [i for i, node in enumerate(found.nodes) if node.kind == "operation"]
    for i in operations:
        node, taken = found.nodes[i], [called[a] for a, b in found.edges if b == i]
        head = f"{called[i]} = {node.label} of" if node.name else f"{called[i]} takes"
        parts.append(f"{head} {' and '.join(taken)}" if taken else f"{called[i]} takes constants only")
        letters += len(parts[-1])
        if letters > TALK and len(parts) < len(operations):
            parts.append(f"and {len(operations) - len(parts)} more operations")
            break
    leaves = [called[i] for i, node in enumerate(found.nodes) if node.kind == "leaf"]
    asked = f" Leaves that require a gradient: {', '.join(leaves[:8])}{', ...' if len(leaves) > 8 else ''}."
    result = f"{called[-1]} is what {called[-2]} gives"
    size = f"{len(operations)} operation{'s' if len(operations) > 1 else ''}"
    return f"Computational graph of {size}: {'; '.join(parts)}; {result}.{asked if leaves else ''}"
