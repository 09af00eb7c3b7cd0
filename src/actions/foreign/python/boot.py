# Runs one module. Standard input holds JSON: `modules` (dotted name: [is a package, source]), `main` (the module's source), `name`,
# `path` and `arguments`. Nothing of it is written to a disk or shown in a list of processes.
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import traceback

job = json.loads(sys.stdin.buffer.read().decode("utf-8"))
nothing = os.open(os.devnull, os.O_RDONLY)
os.dup2(nothing, 0)
os.close(nothing)


class Sent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what came with the job."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in job["modules"]:
            return None
        package, _ = job["modules"][fullname]
        return importlib.machinery.ModuleSpec(fullname, self, origin="<sent>", is_package=package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _, source = job["modules"][module.__name__]
        exec(compile(source, "<" + module.__name__ + ">", "exec"), module.__dict__)


sys.meta_path.insert(0, Sent())
sys.argv = [job["path"]]

from ansible.module_utils import basic  # noqa: E402

basic._given = job["arguments"]
main = sys.modules["__main__"].__dict__
main.update(__file__=job["path"], __name__="__main__")
try:
    exec(compile(job["main"], job["path"], "exec"), main)
except Exception as error:
    shown = {"failed": True, "msg": "Task failed: Module failed: %s" % error, "exception": traceback.format_exc()}
    sys.stdout.write("\n" + json.dumps(shown) + "\n")
    sys.exit(1)
