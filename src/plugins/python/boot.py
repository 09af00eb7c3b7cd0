# Starts what runs plugins: the first line of standard input is {"modules": {NAME: SOURCE}}, the rest are messages for `deploy_host`.
import importlib.abc
import importlib.machinery
import json
import os
import sys

questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
nothing = os.open(os.devnull, os.O_RDONLY)
os.dup2(nothing, 0)
# What plugins print is no message.
os.dup2(2, 1)
sys.stdout = sys.stderr
sys.argv = ["ansible"]
sys.dont_write_bytecode = True
sources = json.loads(questions.readline().decode("utf-8"))["modules"]
packages = {".".join(name.split(".")[:count]) for name in sources for count in range(1, name.count(".") + 1)}


class Sent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what came; `ansible` is ours alone, whatever is installed."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] == "jinja2" or (fullname not in sources and fullname not in packages):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin="<sent>", is_package=fullname in packages)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        source = sources.get(module.__name__, "")
        exec(compile(source, "<" + module.__name__ + ">", "exec"), module.__dict__)


class Stub(Sent):
    """Jinja2 where none is installed."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] != "jinja2" or fullname not in sources:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin="<sent>", is_package=fullname in packages)


sys.meta_path.insert(0, Sent())
sys.meta_path.append(Stub())
import deploy_host  # noqa: E402

deploy_host.serve(questions, answers)
