"""Which of a notebook's names a cell reads, and which it makes: seen from its text alone."""

import ast
import symtable
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

Names = frozenset[str]


@lru_cache(4096)  # the same notebooks' cells come again with each submission
def reads_and_binds(source: str) -> tuple[Names, Names]:
    """The notebook's names that a cell reads, and those it makes. None where it is no Python."""
    reads, binds = set(), set()
    try:
        for statement in ast.parse(TransformerManager().transform_cell(source)).body:
            table = symtable.symtable(ast.unparse(statement), "cell", "exec")
            reads |= read_in(table) - binds - counted(statement)
            made = (s for s in table.get_symbols() if s.is_assigned() or s.is_imported())
            binds |= {symbol.get_name() for symbol in made} | stored(statement)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(), frozenset()  # it will not run either
    return frozenset(reads), frozenset(binds)


def counted(tree: ast.AST) -> set[str]:
    """The names that loops make before they are read."""
    loops = [node.target for node in ast.walk(tree) if isinstance(node, ast.For)]
    return {node.id for t in loops for node in ast.walk(t) if isinstance(node, ast.Name)}


def read_in(table: symtable.SymbolTable) -> set[str]:
    """The global names that a piece of code reads, functions inside it included."""
    module = table.get_type() == "module"
    found = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (module or symbol.is_global())
    }
    return found.union(*(read_in(inner) for inner in table.get_children()))


def stored(tree: ast.AST) -> set[str]:
    """The names that something is stored in, as in table[0] = 1 and table.size = 2, functions
    inside not included."""
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return set()
    place = tree if isinstance(getattr(tree, "ctx", None), ast.Store) else None
    while isinstance(place, ast.Subscript | ast.Attribute):
        place = place.value
    found = {place.id} if isinstance(place, ast.Name) and place is not tree else set()
    return found.union(*map(stored, ast.iter_child_nodes(tree)))
