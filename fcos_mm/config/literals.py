"""The settings in the text of a config: read, not run."""
import ast

_NUMBERS = {'inf': float('inf'), 'nan': float('nan')}


def read_settings(text: str) -> dict:
    """Read a text whose lines are ``NAME = VALUE``, as ``Config.pretty_text`` writes them.

    Raises:
        ValueError: If it does more than set plain values.
        SyntaxError: If it is not Python.
    """
    return dict(_setting(statement) for statement in ast.parse(text).body)


def _setting(statement: ast.stmt) -> tuple[str, object]:
    if (not isinstance(statement, ast.Assign) or len(statement.targets) != 1
            or not isinstance(statement.targets[0], ast.Name)):
        raise ValueError(f'line {statement.lineno} is not NAME = VALUE')
    try:
        return statement.targets[0].id, ast.literal_eval(_Literal().visit(statement.value))
    except ValueError:
        raise ValueError(f'line {statement.lineno} holds more than plain values') from None


class _Literal(ast.NodeTransformer):
    """Writes ``dict(a=1)``, ``dict({'a.b': 1})``, ``inf`` and ``nan`` as literals."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        words, inner = node.keywords, node.args or [ast.Dict([], [])]
        if (getattr(node.func, 'id', None) == 'dict' and all(word.arg for word in words)
                and len(inner) == 1 and isinstance(inner[0], ast.Dict)):
            return ast.Dict([*inner[0].keys, *(ast.Constant(word.arg) for word in words)],
                            [*inner[0].values, *(word.value for word in words)])
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(_NUMBERS[node.id]) if node.id in _NUMBERS else node
