# What runs plugins and answers questions about them.

#: deploy_host
"""Messages are JSON, a line each; what JSON has not is {"\\0": WHAT, "of": …}."""
import _thread
import collections.abc
import datetime
import importlib.abc
import importlib.machinery
import json
import math
import os
import select
import sys
import time
import traceback
import types

MARK = "\0"
HOLD = []
_questions = _answers = None


class Template(str):
    """A text that was written as a template."""


class Omitted:
    pass


OMIT = Omitted()


def undefined(message):
    from jinja2.runtime import StrictUndefined
    return StrictUndefined(hint=message)


def number_of(value):
    HOLD.append(value)
    return len(HOLD) - 1


def read(value):
    if isinstance(value, list):
        return [read(one) for one in value]
    if not isinstance(value, dict):
        return value
    what, of = value.get(MARK), value.get("of")
    if what is None:
        return {key: read(one) for key, one in value.items()}
    if what == "tuple":
        return tuple(read(one) for one in of)
    if what == "dict":
        return {read(key): read(one) for key, one in of}
    if what == "float":
        return float(of)
    if what == "int":
        return int(of)
    if what == "object":
        return HOLD[of]
    if what == "template":
        return Template(of)
    if what == "lazy":
        from ansible.template import Lazy
        return Lazy(of)
    if what == "undefined":
        return undefined(of)
    if what == "datetime":
        return datetime.datetime.fromisoformat(of)
    return OMIT


def mark(what, of):
    return {MARK: what, "of": of}


def write(value, depth=0):
    if depth > 150:
        raise ValueError("a container holds itself")
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value) if -(1 << 63) <= value < (1 << 63) else mark("int", str(int(value)))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else mark("float", str(float(value)))
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, tuple):
        return mark("tuple", [write(one, depth + 1) for one in value])
    if isinstance(value, collections.abc.Mapping):
        if all(isinstance(key, str) and key != MARK for key in value):
            return {str(key): write(value[key], depth + 1) for key in value}
        return mark("dict", [[write(key, depth + 1), write(value[key], depth + 1)] for key in value])
    if kind is datetime.datetime and value.tzinfo is None:
        return mark("datetime", value.isoformat())
    if value is OMIT:
        return mark("omit", None)
    if is_undefined(value):
        return mark("undefined", message_of(value))
    plain = (list, set, frozenset, range, map, filter, zip, types.GeneratorType, collections.abc.KeysView, collections.abc.ValuesView,
             collections.abc.ItemsView, collections.abc.MutableSequence, collections.abc.Iterator)
    if isinstance(value, plain):
        return [write(one, depth + 1) for one in value]
    return mark("object", {"number": number_of(value), "type": kind.__name__, "text": text_of(value)})


def text_of(value):
    try:
        return str(value)
    except Exception:
        return "<%s>" % type(value).__name__


def is_undefined(value):
    runtime = sys.modules.get("jinja2.runtime")
    return runtime is not None and isinstance(value, runtime.Undefined)


def message_of(value):
    try:
        return value._undefined_message
    except Exception:
        return "undefined"


def send(message):
    _answers.write(json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n")
    _answers.flush()


def ask(what, of=None, **more):
    """Asks while a plugin runs; before the answer other questions may come."""
    send(dict(more, ask=what, of=of))
    while True:
        line = _questions.readline()
        if not line:
            os._exit(0)
        message = json.loads(line.decode("utf-8"))
        if "do" in message:
            send(reply(message))
        elif "nothing" in message:
            raise KeyError(of)
        elif "failed" in message:
            from ansible import errors
            raise (errors.AnsibleUndefinedVariable if message.get("undefined") else errors.AnsibleError)(message["failed"])
        else:
            return read(message["ok"])


class Collections(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """`ansible_collections.NAMESPACE.NAME` is a package with a file, though there is none."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.count(".") != 2 or not fullname.startswith("ansible_collections."):
            return None
        for folder in path or []:
            below = os.path.join(folder, fullname.rpartition(".")[2])
            if os.path.isdir(below):
                spec = importlib.machinery.ModuleSpec(fullname, self, origin=os.path.join(below, "__init__.py"), is_package=True)
                spec.submodule_search_locations, spec.has_location = [below], True
                return spec
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if os.path.exists(module.__file__):
            with open(module.__file__, "rb") as file:
                exec(compile(file.read(), module.__file__, "exec"), module.__dict__)


def load(message):
    kind, names, broken = message["kind"], {}, []
    import ansible_collections
    ansible_collections.__path__[:] = message["roots"]
    for path in message["files"]:
        stem = os.path.splitext(os.path.basename(path))[0]
        try:
            if message["dotted"]:
                module = importlib.import_module("%s.%s" % (message["dotted"], stem))
            else:
                module = module_of("ansible.plugins.%s.%s" % (kind, stem), path)
            if kind == "lookup":
                names[stem] = number_of(module.LookupModule)
                continue
            given = module.FilterModule().filters() if kind == "filter" else module.TestModule().tests()
            for name, function in given.items():
                names.setdefault(name, number_of(function))
        except Exception as error:
            broken.append([path, said(error)])
    return {"names": names, "broken": broken}


def module_of(name, path):
    if name in sys.modules:
        name = "%s_%d" % (name, len(HOLD) + len(sys.modules))
    module = types.ModuleType(name)
    module.__file__ = path
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    sys.modules[name] = module
    exec(code, module.__dict__)
    return module


def said(error):
    """Errors that are meant for users speak for themselves."""
    from ansible.errors import AnsibleError
    text = text_of(error)
    return text if (isinstance(error, AnsibleError) or is_of_undefined(error)) and text else "%s: %s" % (type(error).__name__, text)


def place_of(error):
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    return "in %s, line %d" % (frames[-1].filename, frames[-1].lineno) if frames else None


def is_of_undefined(error):
    from ansible.errors import AnsibleUndefinedVariable
    exceptions = sys.modules.get("jinja2.exceptions")
    return isinstance(error, AnsibleUndefinedVariable) or exceptions is not None and isinstance(error, exceptions.UndefinedError)


def call(message):
    function = HOLD[message["number"]]
    arguments, keywords = read(message["arguments"]), read(message["keywords"])
    wants = getattr(function, "jinja_pass_arg", None)
    wants = getattr(wants, "name", wants)
    if wants is None:
        old = ("context", "evalcontext", "environment")
        wants = next((one for one in old if getattr(function, one + "filter", getattr(function, one + "function", None)) is True), None)
    if wants:
        from ansible.template import Context, Environment
        arguments.insert(0, Environment() if wants == "environment" else Context())
    return write(function(*arguments, **keywords))


def lookup(message):
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, Variables
    loader, variables = DataLoader(), Variables()
    plugin = HOLD[message["number"]](loader=loader, templar=Templar(loader, variables))
    plugin._load_name = plugin.ansible_name = message["name"]
    plugin._display_name = message["name"]
    found = plugin.run(read(message["arguments"]), variables=variables, **read(message["keywords"]))
    if isinstance(found, str) or not isinstance(found, collections.abc.Iterable):
        from ansible.errors import AnsibleError
        raise AnsibleError("the plugin gave a %s, which is no list" % type(found).__name__)
    return write(list(found))


def attribute(message):
    value, key = HOLD[message["number"]], read(message["key"])
    try:
        return {"ok": write(getattr(value, key) if isinstance(key, str) else value[key])}
    except (AttributeError, KeyError, IndexError, TypeError):
        pass
    try:
        return {"ok": write(value[key])}
    except (AttributeError, KeyError, IndexError, TypeError):
        return {"nothing": True}


DO = {"load": load, "filter": call, "test": call, "call": call, "lookup": lookup}


def reply(message):
    try:
        if message["do"] == "attribute":
            return attribute(message)
        return {"ok": DO[message["do"]](message)}
    except Exception as error:
        return {"failed": said(error), "undefined": is_of_undefined(error), "place": place_of(error)}
    except SystemExit as error:
        return {"failed": "it ended itself: %s" % error}


def watch(questions):
    """Ends this process soon after the run has ended, in whatever it is."""
    ended = select.poll()
    ended.register(questions.fileno(), 0)
    ended.poll()
    time.sleep(1)
    os._exit(0)


def serve(questions, answers):
    global _questions, _answers
    _questions, _answers = questions, answers
    _thread.start_new_thread(watch, (questions,))
    sys.modules["ansible_collections"] = package = types.ModuleType("ansible_collections")
    package.__path__ = []
    sys.meta_path.insert(1, Collections())
    send({"ok": list(sys.version_info[:3])})
    for line in questions:
        send(reply(json.loads(line.decode("utf-8"))))
