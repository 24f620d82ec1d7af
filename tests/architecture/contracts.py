"""An import-linter contract that applies to every platform without listing them."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PlatformFoldersContract(Contract):
    """Every folder of ``adapters`` with an ``adapter`` module is a platform.

    Only modules of the same folder, and the ``allowed_importers`` ("importer -> folder"), import from it.
    """

    type_name = "platform_folders"
    allowed_importers = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        allowed: set[str] = self.allowed_importers or set()  # type: ignore[assignment]  # the field is replaced by its value
        found = sorted(
            (importer, imported)
            for folder in platform_folders(graph)
            for imported in {folder, *graph.find_descendants(folder)}
            for importer in graph.find_modules_that_directly_import(imported)
            if not _is_in(importer, folder) and f"{importer} -> {folder}" not in allowed
        )
        return ContractCheck(kept=not found, metadata={"imports": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["imports"]:
            output.print_error(f"{importer} imports {imported}")


def platform_folders(graph: ImportGraph) -> set[str]:
    return {folder for folder in graph.find_children("adapters") if f"{folder}.adapter" in graph.modules}


def _is_in(module: str, folder: str) -> bool:
    return module == folder or module.startswith(f"{folder}.")
