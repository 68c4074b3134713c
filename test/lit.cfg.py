# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configuration of lit for the .mlir tests.

The tools under test are those of PUMICE_TOOLS_DIR when that is set (a build
tree), otherwise those installed beside the running Python. FileCheck, not and
split-file come from the wheel that provides the module `llvm`.
"""

import importlib.util
import os
import sys
import sysconfig
import tempfile

import lit.formats

here = os.path.dirname(os.path.abspath(__file__))

config.name = "Pumice"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["Inputs", "python", "meta"]
config.test_source_root = here
config.test_exec_root = lit_config.params.get("exec_root") or os.path.join(
    tempfile.gettempdir(), f"pumice-lit-{os.getuid()}"
)


def llvm_tools():
    spec = importlib.util.find_spec("llvm")
    for root in (spec and spec.submodule_search_locations) or []:
        if os.path.exists(os.path.join(root, "bin", "FileCheck")):
            return os.path.join(root, "bin")
    return None


tools = os.environ.get("PUMICE_TOOLS_DIR") or sysconfig.get_path("scripts")
for name in ("pumice-opt", "pumice-sim"):
    if not os.path.exists(os.path.join(tools, name)):
        lit_config.fatal(f"no {name} in '{tools}' (PUMICE_TOOLS_DIR)")

path = [tools, llvm_tools(), config.environment.get("PATH", "")]
config.environment["PATH"] = os.pathsep.join(p for p in path if p)
for name in ("FILECHECK_OPTS", "PUMICE_PRESETS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
# Generated code: never in the user's cache.
config.environment["PUMICE_CACHE_DIR"] = os.environ.get("PUMICE_CACHE_DIR", "")
config.substitutions.append(("%python", f'"{sys.executable}"'))
config.substitutions.append(("%npy", f'"{sys.executable}" "{here}/Inputs/npy.py"'))
config.substitutions.append(("%inputs", os.path.join(here, "Inputs")))
config.substitutions.append(("%presets", os.path.join(here, "..", "lib", "Device", "presets")))
