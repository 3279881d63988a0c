"""The composed soft meaning of finite graphs, in plain Python: one dictionary a cell.

Slow and obvious (DESIGN §3 word by word), so that passes and analyses can be judged without torch.
A value is a distribution (value -> probability), an array a flat list of them.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from diffprog.ir.graph import (
    Apply,
    Const,
    For,
    Graph,
    Hole,
    Loop,
    Node,
    Project,
    Read,
    Reduce,
    Select,
    Table,
    Write,
)
from diffprog.ir.masks import places
from diffprog.ops import OPS, REDUCTIONS
from diffprog.types import Array, Type

Dist = dict[Any, float]
Soft = Any  # Dist, or a list of them


def cell(t: Type) -> Any:
    """Return the scalar type of a value's cells."""
    return t.item if isinstance(t, Array) else t


def count(t: Type) -> int:
    """Return the number of cells."""
    return t.count if isinstance(t, Array) else 1


def flat(value: Any) -> list[Any]:
    """Return the leaves of nested lists."""
    return [x for v in value for x in flat(v)] if isinstance(value, list) else [value]


def sure(value: Any, t: Type) -> Soft:
    """Return a crisp value as a soft one."""
    return [{v: 1.0} for v in flat(value)] if isinstance(t, Array) else {value: 1.0}


def through(f: Any, *dists: Dist) -> Dist:
    """Push distributions, taken as independent, through a function."""
    out: Dist = {}
    for combination in product(*(d.items() for d in dists)):
        weight = prod(p for _, p in combination)
        if weight:
            value = f(*(v for v, _ in combination))
            out[value] = out.get(value, 0.0) + weight
    return out


def mixed(parts: list[tuple[float, Soft]]) -> Soft:
    """Return a mixture, cell by cell."""
    if isinstance(parts[0][1], list):
        columns = zip(*(soft for _, soft in parts), strict=True)
        weights = [w for w, _ in parts]
        return [mixed(list(zip(weights, column, strict=True))) for column in columns]
    out: Dist = {}
    for weight, dist in parts:
        for value, p in dist.items():
            out[value] = out.get(value, 0.0) + weight * p
    return out


class Reference:
    """Runs graphs softly, with given weights of the holes (nested lists by key)."""

    def __init__(self, weights: dict[str, Any]) -> None:
        self.weights = weights

    def run(self, graph: Graph, args: list[Soft]) -> list[Soft]:
        """Return the soft results of a region."""
        values: list[Any] = list(args)
        for node in graph.nodes[len(args) :]:
            inputs = [values[i] for i in node.inputs]
            types = [graph[i].type for i in node.inputs]
            values.append(self.node(node, inputs, types))
        return [values[r] for r in graph.results]

    def node(self, node: Node, args: list[Any], types: list[Type]) -> Any:  # noqa: C901 - a case a kind
        """Return the soft value of a node, a list of values where it has several."""
        match node:
            case Const():
                return sure(node.value, node.type)
            case Project():
                return args[0][node.place]
            case Hole():
                return self.hole(node, args, types)
            case Apply():
                return self.apply(node, args, types)
            case Table():
                return self.table(node, args, types)
            case Read():
                return self.read(node, args, types)
            case Write():
                return self.write(node, args, types)
            case Reduce():
                return self.reduce(node, args, types)
            case Select():
                return self.select(node, args, types)
            case For():
                return self.loop_for(node, args)
            case Loop():
                return self.loop(node, args)
            case _:
                raise NotImplementedError(node)

    def hole(self, node: Hole, args: list[Any], types: list[Type]) -> Soft:
        """softmax(logits) are the weights; contracted with what is given."""
        mask = args.pop() if node.masked else None
        allowed = [max(d, key=d.get) for d in mask] if mask else None  # type: ignore[arg-type]
        names = cell(node.type).values()

        def row(weights: list[float]) -> Dist:
            left = [w for k, w in enumerate(weights) if allowed is None or allowed[k]]
            kept = [w if allowed is None or allowed[k] else 0 for k, w in enumerate(weights)]
            return {v: w / sum(left) for v, w in zip(names, kept, strict=True) if w}

        weights = self.weights[node.key]
        if isinstance(node.type, Array):
            depth = len(node.type.shape)
            rows = weights
            for _ in range(depth - 1):
                rows = [r for block in rows for r in block]
            return [row(r) for r in rows]
        out = []
        for combination in product(*(d.items() for d in args)):
            at = weights
            for (v, _), t in zip(combination, types, strict=False):
                at = at[int(v) - t.lo]  # type: ignore[union-attr]
            out.append((prod(p for _, p in combination), row(at)))
        return mixed(out)

    def apply(self, node: Apply, args: list[Any], types: list[Type]) -> Soft:
        """The derived extension, cell by cell."""
        match node.op:
            case "convert" | "narrow":
                copies = isinstance(node.type, Array) and not isinstance(types[0], Array)
                return [args[0]] * count(node.type) if copies else args[0]
            case "array":
                return [d for a in args for d in (a if isinstance(a, list) else [a])]
            case "only":
                n = count(node.type)
                return [through(lambda v, j=j: v == j, args[0]) for j in range(n)]
            case "choose":
                return through(lambda t, a, b: a if t else b, *args)
        crisp = OPS[node.op].crisp
        if not isinstance(node.type, Array):
            return through(crisp, *args)
        columns = [a if isinstance(a, list) else [a] * count(node.type) for a in args]
        return [through(crisp, *row) for row in zip(*columns, strict=True)]

    def table(self, node: Table, args: list[Any], types: list[Any]) -> Soft:
        """One operation of all its inputs."""

        def entry(*values: Any) -> Any:
            at = 0
            for v, t in zip(values, types, strict=True):
                at = at * t.size + int(v) - t.lo
            return node.type.values()[node.entries[at]]  # type: ignore[union-attr]

        return through(entry, *args)

    def read(self, node: Read, args: list[Any], types: list[Type]) -> Soft:
        """sum_j i_j M_j."""
        parts = []
        for combination in product(*(d.items() for d in args[1:])):
            at = places(types[0].shape, node.axes, [v for v, _ in combination])  # type: ignore[union-attr]
            cells = [args[0][p] for (p,) in at]
            one = cells if isinstance(node.type, Array) else cells[0]
            parts.append((prod(p for _, p in combination), one))
        return mixed(parts)

    def write(self, node: Write, args: list[Any], types: list[Type]) -> Soft:
        """M_j <- i_j v + (1 - i_j) M_j, or i_j op(M_j, v) + (1 - i_j) M_j."""
        parts = []
        for combination in product(*(d.items() for d in args[2:])):
            at = places(types[0].shape, node.axes, [v for v, _ in combination])  # type: ignore[union-attr]
            values = args[1] if isinstance(args[1], list) else [args[1]] * len(at)
            out = list(args[0])
            for (p,), v in zip(at, values, strict=True):
                out[p] = v if node.op is None else through(OPS[node.op].crisp, out[p], v)
            parts.append((prod(p for _, p in combination), out))
        return mixed(parts)

    def reduce(self, node: Reduce, args: list[Any], types: list[Type]) -> Soft:
        """The extension of the fold over all cells and their mask, one cell after another."""
        cells = args[0]
        mask = args[1] if node.masked else [{True: 1.0}] * len(cells)
        otherwise = args[-1] if node.otherwise else {None: 1.0}
        chosen: Dist = {(): 1.0}
        for at, (value, kept) in enumerate(zip(cells, mask, strict=True)):
            chosen = through(
                lambda so_far, v, m, at=at: (*so_far, (at, v)) if m else so_far, chosen, value, kept
            )
        spec = REDUCTIONS[node.op]

        def folded(pairs: Any, other: Any) -> Any:
            if pairs:
                return spec.crisp(list(pairs))
            return other if spec.empty is None or node.otherwise else spec.empty

        return through(folded, chosen, otherwise)

    def given(self, region: Graph, args: list[Soft], first: int, sources: int, k: Any) -> Any:
        """Return w_k and the sources given that the test is k: x[v] P(test = k | x = v) / w_k."""

        def chance(inputs: list[Soft]) -> float:
            (test,) = self.run(region, inputs)
            return sum(p for v, p in test.items() if k(v))

        whole = chance(args)

        def conditioned(place: int, at: int | None) -> Dist:
            old = args[place] if at is None else args[place][at]
            out: Dist = {}
            for value, p in old.items():
                new: Soft = {value: 1.0}
                if at is not None:
                    new = [*args[place][:at], new, *args[place][at + 1 :]]
                out[value] = p * chance([*args[:place], new, *args[place + 1 :]]) / whole
            # Where the test uses a source twice, these need not add up to 1 of themselves.
            total = sum(out.values())
            return {v: p / total for v, p in out.items() if p} if total else old

        if not whole:
            return 0.0, None
        new = []
        for place in range(first, first + sources):
            array = isinstance(args[place], list)
            cells = range(len(args[place])) if array else ()
            new.append(
                [conditioned(place, at) for at in cells] if array else conditioned(place, None)
            )
        return whole, new

    def select(self, node: Select, args: list[Any], types: list[Type]) -> list[Soft]:
        """sum_k w_k case_k(sources given k, others)."""
        t = node.test.types[0]
        parts = []
        for k, case in enumerate(node.cases):
            weight, sources = self.given(
                node.test,
                args,
                0,
                node.sources,
                lambda v, k=k: node.unions[int(v) - t.lo] == k,  # type: ignore[union-attr]
            )
            if weight:
                parts.append((weight, self.run(case, [*sources, *args[node.sources :]])))
        places_ = range(len(node.cases[0].results))
        return [mixed([(w, results[p]) for w, results in parts]) for p in places_]

    def loop_for(self, node: For, args: list[Any]) -> list[Soft]:
        """Known trips."""
        (lo,), (hi,) = args[0], args[1]
        state, rest = args[2 : 2 + node.carried], args[2 + node.carried :]
        for k in range(lo, hi, node.step):
            state = self.run(node.body, [{k: 1.0}, *state, *rest])
        return list(state)

    def loop(self, node: Loop, args: list[Any]) -> list[Soft]:
        """sum_k alive_k c_k (state given stop) + the rest."""
        state, rest = args[: node.carried], args[node.carried :]
        alive, parts = 1.0, []
        for k in range(node.rounds):
            at = {k: 1.0}
            if node.before is not None:
                state = self.run(node.before, [at, *state, *rest])
            probed = [at, *self.run(node.probe, [at, *state, *rest])]
            for side, region in ((True, node.stop), (False, node.go)):
                weight, sources = self.given(
                    node.test, probed, 1, node.sources, lambda v, side=side: v is side
                )
                if side and weight:
                    parts.append((alive * weight, self.run(region, [at, *sources, *state, *rest])))
                elif not side:
                    alive *= weight
                    if not weight:
                        break
                    end = node.last if k == node.rounds - 1 else node.go
                    state = self.run(end, [at, *sources, *state, *rest])
            if not alive:
                break
        if alive:
            parts.append((alive, state))
        return [mixed([(w, s[c]) for w, s in parts]) for c in range(node.carried)]


def dist(soft: Any, t: Type) -> Soft:
    """Return a soft value given as nested lists (DESIGN, soft values) as distributions."""
    if isinstance(t, Array):
        rows = soft
        for _ in t.shape[1:]:
            rows = [r for block in rows for r in block]
        return [dist(r, t.item) for r in rows]
    weights = soft if isinstance(soft, list) else [1 - soft, soft]
    return {v: w for v, w in zip(t.values(), weights, strict=True) if w}  # type: ignore[union-attr]


def close(a: Soft, b: Soft, tolerance: float = 1e-9) -> bool:
    """Say whether two soft values agree."""
    if isinstance(a, list):
        return all(close(x, y, tolerance) for x, y in zip(a, b, strict=True))
    return all(abs(a.get(v, 0) - b.get(v, 0)) <= tolerance for v in {*a, *b})
