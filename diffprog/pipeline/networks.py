"""The networks of a program: as the interpreter calls them, and as parts of its module.

In: a checked program, its weights, the modules bound to its externs. Out: functions of plain values
by name, a module. Torch is loaded where there is a network to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffprog.errors import fail
from diffprog.nets import EXTERN, PREFIX, bound_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffprog.ir.graph import Graph
    from diffprog.lang import typed
    from diffprog.soft.module import SoftProgram
    from diffprog.types import Value


def crisp_networks(
    nets: Mapping[str, typed.Net], choices: Mapping[str, object], externs: Mapping[str, Any]
) -> dict[str, Callable[..., Value]]:
    """Return the networks that can be run: lines with weights, externs that are bound."""
    trained = {key.split(".")[1] for key in choices if key.startswith(PREFIX)}
    ready = {n: net for n, net in nets.items() if n in trained or n in externs}
    if not ready:
        return {}
    from diffprog.soft.bound import crisply

    return crisply(ready, choices, externs)


def modules_bound(
    nets: Mapping[str, typed.Net], given: Mapping[str, Any], choices: Mapping[str, object]
) -> dict[str, Any]:
    """Return the module of each extern by its name; a controller's has a part for each of its own.

    Weights for it among the choices are put in.

    Raises:
        DiffprogError: DP328 for a name that is none of the program's, DP326 for a controller
            without the parts of one, DP327 for weights of another module.
    """
    declared = {name: bound_as(name) for name, net in nets.items() if net.kind == EXTERN}
    for name in given:
        if name not in declared.values():
            listed = ", ".join(f"`{n}`" for n in dict.fromkeys(declared.values())) or "none"
            fail("DP328", f"the program has no extern `{name}`", hint=f"its externs: {listed}")
    if not given:
        return {}
    from diffprog.soft.bound import part, remember

    found = {n: part(nets[n], given[own]) for n, own in declared.items() if own in given}
    for name, module in found.items():
        remember(nets[name], module, choices)
    return found


def softened(
    checked: typed.Checked,
    graph: Graph,
    choices: Mapping[str, object],
    externs: Mapping[str, Any],
    **options: Any,
) -> SoftProgram:
    """Return a program as a module, its choices and weights put in as far as they are known."""
    from diffprog.native.backend import backed
    from diffprog.soft.bound import refuse_wrong
    from diffprog.soft.module import SoftProgram
    from diffprog.soft.torchgen import generate

    for name, bound in externs.items():
        refuse_wrong(checked.nets[name], bound)
    backend, main = options.pop("backend"), checked.main
    module = SoftProgram(
        graph,
        checked.holes,
        main.params,
        main.result,
        name=main.name,
        nets=checked.nets,
        externs=externs,
        **options,
    )
    module.labels = {key: h.labels for key, h in checked.decisions.items() if h.labels}
    if backend == "compile" or (backend == "auto" and checked.nets):
        patient = backend == "auto"
        module.generated = generate(graph, main.name, pieces=True, patient=patient)
        module._load()
    else:
        module._function = backed(backend, graph, module._function)
    own = {k: v for k, v in choices.items() if k in checked.holes or k.startswith(PREFIX)}
    module.load_choices(own)
    return module
