"""Where the nodes and edges of a layered graph go: everything flows one way, with few crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from .look import Number

Point = tuple[Number, Number]  # along the flow, across it
Edge = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """Centres of the nodes, and for each edge the points that it passes: along the flow, across it, in inches."""

    centres: list[Point]
    routes: list[list[Point]]
    length: Number  # along the flow
    breadth: Number


def arrange(sizes: Sequence[Point], edges: Sequence[Edge], gap: Number, space: Number) -> Layout:
    """Place boxes of `sizes` (along, across) so that every edge leads from one layer to a later one.

    Nodes come in an order in which edges go from lower to higher numbers, the last one is where all flow ends. `gap` is
    the room between layers, `space` that between neighbours in a layer. A node stands just before the first that needs
    it; edges that pass a layer get a place of their own in it, ends of edges at one box are apart.
    """
    depth = [0] * len(sizes)  # longest way to the last node
    for a, b in sorted(edges, key=lambda edge: -edge[1]):
        depth[a] = max(depth[a], depth[b] + 1)
    layer, boxes, links, chains = [max(depth) - d for d in depth], list(sizes), [], []
    for a, b in edges:
        chain = [a, *range(len(boxes), len(boxes) + layer[b] - layer[a] - 1), b]
        layer += range(layer[a] + 1, layer[b])
        boxes += [(0.0, 0.0)] * (len(chain) - 2)
        links += pairwise(chain)
        chains.append(chain)
    rows = _ordered(layer, links, len(sizes) - 1)
    across = _spread(rows, [size[1] for size in boxes], links, space)
    thick = [max(boxes[n][0] for n in row) for row in rows]
    middle = [sum(thick[:i]) + i * gap + thick[i] / 2 for i in range(len(rows))]
    low = min(across[n] - boxes[n][1] / 2 for n in range(len(boxes)))
    across = [a - low for a in across]
    routes = [[(middle[layer[n]], across[n]) for n in chain] for chain in chains]
    starts, ends = _ports(edges, routes, boxes, 0), _ports(edges, routes, boxes, 1)
    for i, (a, b) in enumerate(edges):
        passed = [
            (middle[layer[n]] + side * thick[layer[n]] / 2, across[n]) for n in chains[i][1:-1] for side in (-1, 1)
        ]
        first, last = middle[layer[a]] + sizes[a][0] / 2, middle[layer[b]] - sizes[b][0] / 2
        routes[i] = [(first, starts[i]), *passed, (last, ends[i])]
    return Layout(
        [(middle[layer[n]], across[n]) for n in range(len(sizes))],
        routes,
        sum(thick) + gap * (len(rows) - 1),
        max(across[n] + boxes[n][1] / 2 for n in range(len(boxes))),
    )


def _neighbours(links: Sequence[Edge], side: int) -> dict[int, list[int]]:
    """The nodes before each node (side 0), or after it (side 1)."""
    found: dict[int, list[int]] = {}
    for link in links:
        found.setdefault(link[1 - side], []).append(link[side])
    return found


def _ordered(layer: Sequence[int], links: Sequence[Edge], root: int) -> list[list[int]]:
    """The nodes of each layer in the order across the flow: operands in order first, then fewer crossings."""
    before, after = _neighbours(links, 0), _neighbours(links, 1)
    rows, waiting, seen = [[] for _ in range(max(layer) + 1)], [root], set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            rows[layer[node]].append(node)
            waiting += reversed(before.get(node, []))
    best, fewest = [list(row) for row in rows], _crossings(rows, links)
    for sweep in range(12):
        near = (before, after)[sweep % 2]
        for row in rows if near is before else rows[::-1]:
            place = {n: i for r in rows for i, n in enumerate(r)}
            row.sort(key=lambda n: _mean([place[m] for m in near.get(n, [n])]))
        if (count := _crossings(rows, links)) < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def _mean(values: Sequence[Number]) -> Number:
    return sum(values) / len(values)


def _crossings(rows: Sequence[Sequence[int]], links: Sequence[Edge]) -> int:
    at = {n: (i, k) for i, row in enumerate(rows) for k, n in enumerate(row)}
    spans = [(at[a], at[b]) for a, b in links]
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0 for (a, b), (c, d) in combinations(spans, 2)
    )  # links span one layer


def _spread(
    rows: Sequence[Sequence[int]], breadths: Sequence[Number], links: Sequence[Edge], space: Number
) -> list[Number]:
    """The place of each node across the flow: near the middle of its neighbours, boxes `space` apart.

    A node that nothing leads to and one needs gives way, so that what is computed stands in a line.
    """
    near: dict[int, list[int]] = {}
    for a, b in links:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    targets = {b for _, b in links}
    weight = [1.0 if n in targets or len(near.get(n, [])) > 1 else 0.05 for n in range(len(breadths))]
    across = [0.0] * len(breadths)
    for sweep in range(24):
        for row in rows[::-1] if sweep % 2 == 0 else rows:
            steps = [0.0]
            for a, b in pairwise(row):
                steps.append(steps[-1] + (breadths[a] + breadths[b]) / 2 + space)
            wanted = []
            for n, s in zip(row, steps, strict=True):
                pulls = [(across[m], weight[m]) for m in near.get(n, [n])]
                wanted.append(sum(a * w for a, w in pulls) / sum(w for _, w in pulls) - s)
            for n, w, s in zip(row, _rising(wanted, [weight[n] for n in row]), steps, strict=True):
                across[n] = w + s
    return across


def _rising(wanted: Sequence[Number], weights: Sequence[Number]) -> list[Number]:
    """The numbers nearest to `wanted` (weighted least squares) of which none is below the one before."""
    pools: list[tuple[Number, Number, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, v, m), (b, w, n) = pools[-2:]
            pools[-2:] = [((a * v + b * w) / (v + w), v + w, m + n)]
    return [value for value, _, count in pools for _ in range(count)]


def _ports(edges: Sequence[Edge], routes: Sequence[Sequence[Point]], boxes: Sequence[Point], end: int) -> list[Number]:
    """Where each edge leaves its first node (end 0), or reaches its last (end 1): apart, in the order of the rest."""
    places = [0.0] * len(edges)
    for node in {edge[end] for edge in edges}:
        mine = [i for i, edge in enumerate(edges) if edge[end] == node]
        mine.sort(key=lambda i: (routes[i][-2 if end else 1][1], i))
        step = min(0.16, 0.7 * boxes[node][1] / len(mine))
        for k, i in enumerate(mine):
            places[i] = routes[i][-1 if end else 0][1] + (k - (len(mine) - 1) / 2) * step
    return places
