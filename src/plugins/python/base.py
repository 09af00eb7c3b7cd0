# What nearly all plugins import.

#: ansible
__version__ = "2.19.0"
__author__ = ""

#: ansible.release
__version__ = "2.19.0"
__codename__ = ""

#: ansible.errors
"""Errors that are meant for users: their text is all that is shown."""


class AnsibleError(Exception):
    def __init__(self, message="", obj=None, show_content=True, suppress_extended_error=False, orig_exc=None, **more):
        super().__init__(message)
        self.message, self.obj, self.orig_exc = str(message), obj, orig_exc

    def __str__(self):
        return self.message


class AnsibleRuntimeError(AnsibleError):
    pass


class AnsibleInternalError(AnsibleRuntimeError):
    pass


class AnsibleAssertionError(AnsibleError, AssertionError):
    pass


class AnsibleOptionsError(AnsibleError):
    pass


class AnsibleRequiredOptionError(AnsibleOptionsError):
    pass


class AnsibleParserError(AnsibleError):
    pass


class AnsibleJSONParserError(AnsibleParserError):
    pass


class AnsibleTemplateError(AnsibleRuntimeError):
    pass


class AnsibleTemplateSyntaxError(AnsibleTemplateError):
    pass


class AnsibleUndefinedVariable(AnsibleTemplateError):
    pass


class AnsibleFileNotFound(AnsibleRuntimeError):
    def __init__(self, message="", obj=None, paths=None, file_name=None, **more):
        super().__init__(message or "Could not find or access '%s'" % file_name, obj=obj)
        self.paths, self.file_name = paths, file_name


class AnsibleModuleError(AnsibleRuntimeError):
    pass


class AnsibleConnectionFailure(AnsibleRuntimeError):
    pass


class AnsibleAuthenticationFailure(AnsibleConnectionFailure):
    pass


class AnsibleVariableTypeError(AnsibleRuntimeError):
    pass


class AnsibleTypeError(AnsibleRuntimeError, TypeError):
    pass


class AnsiblePluginError(AnsibleError):
    def __init__(self, message="", plugin_load_context=None, **more):
        super().__init__(message)


class AnsiblePluginNotFound(AnsiblePluginError):
    pass


class AnsibleLookupError(AnsibleTemplateError):
    pass


class AnsibleFilterError(AnsibleTemplateError):
    pass


class AnsibleFilterTypeError(AnsibleTemplateError, TypeError):
    pass


class AnsibleAction(AnsibleRuntimeError):
    pass


class AnsibleActionFail(AnsibleAction):
    pass


class AnsibleActionSkip(AnsibleAction):
    pass


class AnsibleVaultError(AnsibleError):
    pass


#: ansible.constants
"""Settings are not handed to plugins; these are their defaults."""
import os as _os

DEFAULT_LOCAL_TMP = _os.environ.get("TMPDIR", "/tmp")
ANSIBLE_HOME = _os.path.expanduser(_os.environ.get("ANSIBLE_HOME", "~/.ansible"))
DEFAULT_HASH_BEHAVIOUR = _os.environ.get("ANSIBLE_HASH_BEHAVIOUR", "replace")
DEFAULT_PASSWORD_CHARS = "ascii_letters,digits,.,:-_"
DEFAULT_TIMEOUT = 10
DEFAULT_VERBOSITY = 0
DEFAULT_DEBUG = False
DEFAULT_JINJA2_NATIVE = True
DEFAULT_UNDEFINED_VAR_BEHAVIOR = True
ERROR_ON_UNDEFINED_VARS = True
CONFIG_FILE = _os.environ.get("ANSIBLE_CONFIG")

#: ansible.utils.display
"""Warnings go to the run's warnings; the rest is not shown."""
import sys


class Display:
    verbosity = 0
    columns = 79

    def __init__(self, verbosity=0):
        pass

    def warning(self, msg, formatted=False, **more):
        import deploy_host
        try:
            deploy_host.ask("warning", str(msg))
        except Exception:
            sys.stderr.write("%s\n" % msg)

    def error(self, msg, wrap_text=True, **more):
        self.warning(msg)

    def deprecated(self, msg, *more, **keywords):
        pass

    def display(self, msg, *more, **keywords):
        sys.stderr.write("%s\n" % msg)

    banner = system_warning = display

    def _quiet(self, *more, **keywords):
        pass

    v = vv = vvv = vvvv = vvvvv = vvvvvv = debug = verbose = _quiet

    def __getattr__(self, name):
        from ansible.errors import AnsibleError
        raise AnsibleError("Display.%s is not available to plugins here" % name)


#: ansible.utils.unsafe_proxy
"""Values are final here: what a plugin gives is never a template."""
from ansible.module_utils.common.text.converters import to_bytes, to_text  # noqa: F401


class AnsibleUnsafe:
    pass


class AnsibleUnsafeText(str, AnsibleUnsafe):
    pass


class AnsibleUnsafeBytes(bytes, AnsibleUnsafe):
    pass


def wrap_var(value):
    return value


def to_unsafe_text(value, *more, **keywords):
    return to_text(value, *more, **keywords)


def to_unsafe_bytes(value, *more, **keywords):
    return to_bytes(value, *more, **keywords)


#: ansible.utils.vars
import re
from collections.abc import MutableMapping, MutableSequence


def merge_hash(x, y, recursive=True, list_merge="replace"):
    """As the filter `combine` merges two dictionaries."""
    from ansible.errors import AnsibleError
    if list_merge not in ("replace", "keep", "append", "prepend", "append_rp", "prepend_rp"):
        raise AnsibleError("merge_hash: 'list_merge' argument cannot be '%s'" % list_merge)
    for one in (x, y):
        if not isinstance(one, MutableMapping):
            raise AnsibleError("failed to combine variables, expected dicts but got a '%s'" % type(one).__name__)
    merged = dict(x)
    for key, new in y.items():
        old = merged.get(key)
        if key not in merged:
            merged[key] = new
        elif isinstance(old, MutableMapping) and isinstance(new, MutableMapping):
            merged[key] = merge_hash(old, new, recursive, list_merge) if recursive else new
        elif isinstance(old, MutableSequence) and isinstance(new, MutableSequence):
            merged[key] = {
                "replace": lambda: new, "keep": lambda: old, "append": lambda: old + new, "prepend": lambda: new + old,
                "append_rp": lambda: [one for one in old if one not in new] + new,
                "prepend_rp": lambda: new + [one for one in old if one not in new],
            }[list_merge]()
        else:
            merged[key] = new
    return merged


def combine_vars(a, b, merge=None):
    return merge_hash(a, b) if merge else dict(a, **b)


def isidentifier(name):
    return isinstance(name, str) and bool(re.match(r"^[A-Za-z_][A-Za-z0-9_]*$", name))


#: ansible.utils.listify
def listify_lookup_plugin_terms(terms, templar=None, loader=None, fail_on_undefined=True, convert_bare=False, **more):
    if templar is not None:
        terms = templar.template(terms.strip() if isinstance(terms, str) else terms)
    return terms if isinstance(terms, (list, tuple)) else [terms]


#: ansible.module_utils.common.collections
from collections.abc import Hashable, Iterable, Mapping, MutableMapping, Sequence, MutableSequence, Set  # noqa: F401


class ImmutableDict(dict):
    def _fixed(self, *more, **keywords):
        raise TypeError("ImmutableDict cannot be changed")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = _fixed

    def __hash__(self):
        return hash(frozenset(self.items()))

    def union(self, other):
        return ImmutableDict(dict(self, **dict(other)))

    def difference(self, keys):
        return ImmutableDict({key: value for key, value in self.items() if key not in keys})


def is_string(value):
    return isinstance(value, (str, bytes))


def is_iterable(value, include_strings=False):
    if not include_strings and is_string(value):
        return False
    try:
        iter(value)
        return True
    except TypeError:
        return False


def is_sequence(value, include_strings=False):
    return (include_strings or not is_string(value)) and isinstance(value, Sequence)


def count(values):
    found = {}
    for one in values:
        found[one] = found.get(one, 0) + 1
    return found


#: ansible.module_utils.common._collections_compat
from collections.abc import *  # noqa: F401,F403

#: ansible.module_utils.common.warnings
def warn(warning, *more, **keywords):
    try:
        from ansible.utils.display import Display
    except ImportError:
        return
    Display().warning(warning)


def deprecate(msg, *more, **keywords):
    pass


#: ansible.module_utils.common.process
import shutil


def get_bin_path(arg, opt_dirs=None, required=None):
    import os
    folders = [one for one in opt_dirs or [] if one] + os.environ.get("PATH", "").split(os.pathsep) + ["/sbin", "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which(arg, path=os.pathsep.join(folders))
    if found is None:
        raise ValueError('Failed to find required executable "%s" in paths: %s' % (arg, os.pathsep.join(folders)))
    return found
