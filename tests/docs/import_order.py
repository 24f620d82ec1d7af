"""Draws the import order of the three packages for docs/architecture.md."""

from collections.abc import Iterator, Mapping

import grimp

PACKAGES = ("bot", "commands", "adapters")
PLATFORMS = "<platform>"


def import_order() -> str:
    """A code block that lists each folder or module of a package above everything it imports."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    blocks = ["\n".join([package, *_draw(imports_between(graph, package))]) for package in PACKAGES]
    return "```text\n" + "\n\n".join(blocks) + "\n```"


def imports_between(graph: grimp.ImportGraph, package: str) -> Mapping[str, frozenset[str]]:
    """Child of ``package`` -> its siblings that it imports. All platforms of ``adapters`` count as one child."""
    found: dict[str, set[str]] = {}
    for child in sorted(graph.find_children(package)):
        name = _name(graph, child)
        imports = found.setdefault(name, set())
        for module in {child, *graph.find_descendants(child)}:
            for imported in graph.find_modules_directly_imported_by(module):
                if imported.startswith(f"{package}."):
                    imports.add(_name(graph, ".".join(imported.split(".")[:2])))
        imports.discard(name)
    return {name: frozenset(imports) for name, imports in found.items()}


def _name(graph: grimp.ImportGraph, child: str) -> str:
    return PLATFORMS if f"{child}.adapter" in graph.modules else child.partition(".")[2]


def _draw(imports: Mapping[str, frozenset[str]]) -> Iterator[str]:
    width = max(map(len, imports))
    for name in sorted(imports, key=lambda name: (-_height(name, imports), name)):
        yield f"  {name:<{width}}  {'-> ' + ', '.join(sorted(imports[name])) if imports[name] else ''}".rstrip()


def _height(name: str, imports: Mapping[str, frozenset[str]]) -> int:
    """Length of the longest import chain below ``name``. An import cycle raises ``RecursionError``."""
    return 1 + max((_height(lower, imports) for lower in imports[name]), default=0)
