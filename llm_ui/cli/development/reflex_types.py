"""A mypy plugin for what Reflex turns a state's attributes into when a page refers to them.

On the class, `SomeState.chats` is a var of a list, and `SomeState.rename` creates an event. Reflex
does that at run time, where mypy cannot see it. With this plugin, a page that refers to a field
that a row does not have, or passes too many arguments to a handler, fails the type check.

Enabled in pyproject.toml. For mypy's plugin API, see
https://mypy.readthedocs.io/en/stable/extending_mypy.html
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.checker import TypeChecker
from mypy.nodes import ARG_OPT, ARG_POS, ARG_STAR, Argument, Decorator, TypeInfo, Var
from mypy.plugin import AttributeContext, ClassDefContext, Plugin
from mypy.plugins.common import add_method_to_class
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    TypeOfAny,
    TypeType,
    UnionType,
    get_proper_type,
)
from mypy.types import Type as MypyType

VAR = "reflex_base.vars.base.Var"
STATE = "reflex.state.BaseState"
SPEC = "reflex_base.event.EventSpec"
HANDLER = "reflex_base.event.EventHandler"
STATES = "llm_ui.states."
# Further operations of vars, by the type they hold.
OPERATIONS = {
    "builtins.bool": "reflex_base.vars.number.BooleanVar",
    "builtins.float": "reflex_base.vars.number.NumberVar",
    "builtins.int": "reflex_base.vars.number.NumberVar",
    "builtins.list": "reflex_base.vars.sequence.ArrayVar",
    "builtins.str": "reflex_base.vars.sequence.StringVar",
    "builtins.tuple": "reflex_base.vars.sequence.ArrayVar",
}
OTHERWISE = "reflex_base.vars.object.ObjectVar"
# Operators that all of these support but Var itself does not declare.
OPERATORS = (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "mod"),
    *("lt", "le", "gt", "ge", "getitem"),
)
UNKNOWN = AnyType(TypeOfAny.special_form)
Attribute = Callable[[AttributeContext], MypyType]


def _declare_operations(context: ClassDefContext) -> None:
    """Declare on Var what Reflex hides from type checkers."""
    names = context.cls.info.names
    for name in ("getattr", *OPERATORS):
        if f"__{name}__" not in names:
            kind = context.api.named_type("builtins.str") if name == "getattr" else UNKNOWN
            argument = Argument(Var("other", kind), kind, None, ARG_POS)
            add_method_to_class(context.api, context.cls, f"__{name}__", [argument], UNKNOWN)


def _of_var(name: str) -> Attribute:
    """`row.title`: a var of the row's attribute."""

    def give(context: AttributeContext) -> MypyType:
        held = _held(get_proper_type(context.type))
        if not isinstance(held, Instance):
            return UNKNOWN
        found = _member(held, name)
        if found is not None:
            return _var_of(context, found)
        operations = OPERATIONS.get(held.type.fullname, OTHERWISE)
        if not _info(context, operations).has_readable_member(name):
            context.api.fail(f'A var of "{held.type.name}" has no "{name}"', context.context)
        return UNKNOWN

    return give


def _held(kind: MypyType) -> MypyType | None:
    """The type a var holds, without None."""
    if not isinstance(kind, Instance):
        return None
    base = next((each for each in kind.type.mro if each.fullname == VAR), None)
    if base is None or not kind.args:
        return None
    held = get_proper_type(kind.args[0])
    if isinstance(held, UnionType):
        kinds = map(get_proper_type, held.items)
        instances = [each for each in kinds if isinstance(each, Instance)]
        return instances[0] if len(instances) == 1 else None
    return held


def _member(held: Instance, name: str) -> MypyType | None:
    """The type of a field or property of what a var holds."""
    if held.type.fullname in OPERATIONS:
        return None
    symbol = held.type.get(name)
    if symbol is None:
        return None
    if isinstance(symbol.node, Decorator) and isinstance(symbol.node.func.type, CallableType):
        return symbol.node.func.type.ret_type
    return symbol.type if isinstance(symbol.node, Var) else None


def _of_state(name: str) -> Attribute:
    """`SomeState.chats` is a var, `SomeState.rename` creates an event."""

    def give(context: AttributeContext) -> MypyType:
        info = _class_of(get_proper_type(context.type))
        symbol = info.get(name) if info is not None and info.has_base(STATE) else None
        if symbol is None or name.startswith("_"):
            return context.default_attr_type
        if isinstance(symbol.node, Var):
            declared = symbol.node
            is_own = declared.info.fullname.startswith(STATES) and not declared.is_classvar
            return _var_of(context, context.default_attr_type) if is_own else UNKNOWN
        if isinstance(symbol.node, Decorator) and isinstance(symbol.node.func.type, CallableType):
            return _decorated(context, symbol.node.func.type)
        return context.default_attr_type

    return give


def _class_of(kind: MypyType) -> TypeInfo | None:
    if isinstance(kind, TypeType):
        kind = kind.item
    elif isinstance(kind, CallableType):
        kind = get_proper_type(kind.ret_type)
    return kind.type if isinstance(kind, Instance) else None


def _decorated(context: AttributeContext, function: CallableType) -> MypyType:
    kind = get_proper_type(context.default_attr_type)
    if isinstance(kind, Instance) and kind.type.has_base(VAR):
        return _var_of(context, function.ret_type)
    if isinstance(kind, CallableType):
        # A helper method or attribute of the class.
        return kind
    return _handler(context, function)


def _handler(context: AttributeContext, function: CallableType) -> CallableType:
    """A handler accepts its function's parameters after `self`, as values or vars; omitted ones are
    supplied by the event trigger."""
    count = len(function.arg_types) - 1
    return CallableType(
        [UNKNOWN] * count,
        [kind if kind == ARG_STAR else ARG_OPT for kind in function.arg_kinds[1:]],
        function.arg_names[1:],
        Instance(_info(context, SPEC), []),
        # For methods of the handler itself, such as `debounce`.
        fallback=Instance(_info(context, HANDLER), []),
    )


def _info(context: AttributeContext, fullname: str) -> TypeInfo:
    """Look up a class by its full name. mypy's own lookup expects packages to list their
    modules."""
    module, _, name = fullname.rpartition(".")
    assert isinstance(context.api, TypeChecker)
    found = context.api.modules[module].names[name].node
    assert isinstance(found, TypeInfo)
    return found


def _var_of(context: AttributeContext, held: MypyType) -> MypyType:
    return Instance(_info(context, VAR), [held])


class ReflexTypes(Plugin):
    """See the module."""

    def get_customize_class_mro_hook(
        self, fullname: str
    ) -> Callable[[ClassDefContext], None] | None:
        return _declare_operations if fullname == VAR else None

    def get_attribute_hook(self, fullname: str) -> Attribute | None:
        owner, _, name = fullname.rpartition(".")
        return _of_var(name) if owner == VAR else None

    def get_class_attribute_hook(self, fullname: str) -> Attribute | None:
        return _of_state(fullname.rpartition(".")[2]) if fullname.startswith(STATES) else None


def plugin(_version: str) -> type[Plugin]:
    """The entry point that mypy calls."""
    return ReflexTypes
