"""AnsibleModule and what modules import beside it, after docs.ansible.com, "Ansible module development" and "Argument spec"."""
import json
import os
import platform
import sys
import traceback

from ansible.module_utils.arguments import AnsibleFallbackNotFound, Arguments, bytes_to_human, human_to_bytes  # noqa: F401
from ansible.module_utils.common.text.converters import jsonify, to_bytes, to_native, to_text  # noqa: F401
from ansible.module_utils.files import Files
from ansible.module_utils.parsing.convert_bool import BOOLEANS, BOOLEANS_FALSE, BOOLEANS_TRUE, boolean  # noqa: F401

_given = {}

FILE_COMMON_ARGUMENTS = dict(
    mode=dict(type="raw"), owner=dict(type="str"), group=dict(type="str"), seuser=dict(type="str"), serole=dict(type="str"),
    selevel=dict(type="str"), setype=dict(type="str"), attributes=dict(type="str", aliases=["attr"]), unsafe_writes=dict(type="bool", default=False),
)
INTERNAL = ("_ansible_",)
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def env_fallback(*names, **_):
    for name in names:
        if name in os.environ:
            return os.environ[name]
    raise AnsibleFallbackNotFound


def missing_required_lib(library, reason=None, url=None):
    text = "Failed to import the required Python library (%s) on %s's Python %s." % (library, platform.node(), sys.executable)
    if reason:
        text += " This is required %s." % reason
    if url:
        text += " See %s for more info." % url
    text += " Please read the module documentation and install it in the appropriate location."
    return text + (
        " If the required library is installed, but Ansible is using the wrong Python interpreter,"
        " please consult the documentation on ansible_python_interpreter"
    )


def get_platform():
    return platform.system()


def get_distribution():
    return _os_release().get("ID", "").capitalize() or None


def get_distribution_version():
    return _os_release().get("VERSION_ID")


def load_platform_subclass(cls, *args, **kwargs):
    return get_platform_subclass(cls)(*args, **kwargs)


def get_platform_subclass(cls):
    distribution = get_distribution()
    subclasses, waiting = [], [cls]
    while waiting:
        for found in waiting.pop().__subclasses__():
            subclasses.append(found)
            waiting.append(found)
    for wanted in (distribution, None):
        for found in subclasses:
            if found.platform == get_platform() and getattr(found, "distribution", None) == wanted:
                return found
    return cls


def _os_release():
    try:
        with open("/etc/os-release") as file:
            pairs = [line.rstrip("\n").split("=", 1) for line in file if "=" in line]
    except OSError:
        return {}
    return {name: value.strip("\"'") for name, value in pairs}


class AnsibleModule(Arguments, Files):
    def __init__(self, argument_spec, bypass_checks=False, no_log=False, mutually_exclusive=None, required_together=None,
                 required_one_of=None, add_file_common_args=False, supports_check_mode=False, required_if=None, required_by=None):
        self.argument_spec = dict(argument_spec)
        if add_file_common_args:
            for name, spec in FILE_COMMON_ARGUMENTS.items():
                self.argument_spec.setdefault(name, spec)
        self._name = _given.get("_ansible_module_name", "module")
        self.check_mode = bool(_given.get("_ansible_check_mode"))
        self.no_log = no_log or bool(_given.get("_ansible_no_log"))
        self._diff = bool(_given.get("_ansible_diff"))
        self._verbosity = _given.get("_ansible_verbosity", 0)
        self._debug = False
        self.ansible_version = _given.get("_ansible_version", "")
        self.supports_check_mode = supports_check_mode
        self.cleanup_files = []
        self.no_log_values = set()
        self.run_command_environ_update = {}
        self._warnings, self._deprecations = [], []
        self._tmpdir = None
        self.aliases = {}
        if self.check_mode and not supports_check_mode:
            self.exit_json(skipped=True, msg="remote module (%s) does not support check mode" % self._name)
        given = {name: value for name, value in _given.items() if not name.startswith(INTERNAL)}
        self.params = self._checked(self.argument_spec, given, "", mutually_exclusive=mutually_exclusive, required_together=required_together,
                                    required_one_of=required_one_of, required_if=required_if, required_by=required_by)

    def exit_json(self, **result):
        result.setdefault("changed", False)
        self._answer(result)
        sys.exit(0)

    def fail_json(self, msg="", exception=None, **result):
        result.update(failed=True, msg=msg)
        result.setdefault("changed", False)
        if isinstance(exception, BaseException):
            exception = "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))
        if exception:
            result["exception"] = exception
        self._answer(result)
        sys.exit(1)

    def _answer(self, result):
        for key, noted in (("warnings", self._warnings), ("deprecations", self._deprecations)):
            more = result.pop(key, None) or []
            noted = noted + [one if isinstance(one, dict) or key == "warnings" else {"msg": one} for one in ([more] if isinstance(more, str) else more)]
            if noted:
                result[key] = noted
        if "invocation" not in result and hasattr(self, "params"):
            hidden = {name for name, option in self.argument_spec.items() if option.get("no_log")}
            result["invocation"] = {"module_args": {name: HIDDEN if name in hidden and value is not None else value for name, value in self.params.items()}}
        self.do_cleanup_files()
        sys.stdout.write("\n" + json.dumps(self._without_secrets(result), default=_plain) + "\n")
        sys.stdout.flush()

    def _without_secrets(self, value):
        if isinstance(value, dict):
            return {key: self._without_secrets(one) for key, one in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [self._without_secrets(one) for one in value]
        if isinstance(value, (str, bytes)):
            text = to_native(value)
            for secret in sorted(self.no_log_values, key=len, reverse=True):
                if text == secret:
                    return HIDDEN
                text = text.replace(secret, "*" * 8)
            return text
        return value

    def warn(self, warning):
        self._warnings.append(to_native(warning))

    def deprecate(self, msg, version=None, date=None, collection_name=None, **_):
        self._deprecations.append({"msg": to_native(msg), "version": version, "date": date, "collection_name": collection_name})

    def log(self, msg, log_args=None):
        pass

    def debug(self, msg):
        pass

    def jsonify(self, data):
        return jsonify(data)

    def from_json(self, data):
        return json.loads(data)

    def boolean(self, arg):
        return None if arg is None else boolean(arg)


def _plain(value):
    if isinstance(value, bytes):
        return to_native(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)
