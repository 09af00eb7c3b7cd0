# Checks of arguments, and what else the code of collections imports beside its plugins.

#: ansible.module_utils.ansible_release
__version__ = "2.19.0"
__codename__ = ""

#: ansible.module_utils.errors
class AnsibleValidationError(Exception):
    def __init__(self, message=""):
        super().__init__(message)
        self.msg = self.error_message = message


class AnsibleFallbackNotFound(Exception):
    pass


class ArgumentTypeError(AnsibleValidationError):
    pass


class ArgumentValueError(AnsibleValidationError):
    pass


class AnsibleValidationErrorMultiple(AnsibleValidationError):
    def __init__(self, errors=None):
        super().__init__(errors[0].args[0] if errors else "")
        self.errors = list(errors or [])


#: ansible.module_utils.common.arg_spec
from ansible.module_utils.arguments import Arguments


class _Wrong(Exception):
    pass


class _Result:
    def __init__(self, parameters, messages):
        self.validated_parameters, self.error_messages, self.unsupported_parameters = parameters, messages, set()
        self.errors = self

    @property
    def messages(self):
        return self.error_messages


class ArgumentSpecValidator(Arguments):
    def __init__(self, argument_spec, mutually_exclusive=None, required_together=None, required_one_of=None, required_if=None, required_by=None):
        self.argument_spec, self.aliases, self.no_log_values, self._name = argument_spec, {}, set(), "plugin"
        self._rules = (mutually_exclusive, required_together, required_one_of, required_if, required_by)

    def fail_json(self, msg="", **more):
        raise _Wrong(msg)

    def validate(self, parameters, *more, **keywords):
        try:
            return _Result(self._checked(self.argument_spec, dict(parameters), "", *self._rules), [])
        except _Wrong as wrong:
            return _Result(dict(parameters), [str(wrong)])


#: ansible.module_utils.common.parameters
import os
from ansible.module_utils.arguments import AnsibleFallbackNotFound

PASS_VARS, PASS_BOOLS = {}, ()


def env_fallback(*names, **more):
    for name in names:
        if name in os.environ:
            return os.environ[name]
    raise AnsibleFallbackNotFound


def list_no_log_values(*more):
    return set()


#: ansible.module_utils.common.text.formatters
from ansible.module_utils.arguments import bytes_to_human, human_to_bytes  # noqa: F401


def lenient_lowercase(items):
    return [one.lower() if isinstance(one, str) else one for one in items]


#: ansible.module_utils.common.validation
import ast
import json
import os
import shlex
from ansible.module_utils.arguments import human_to_bytes
from ansible.module_utils.common.text.converters import to_native
from ansible.module_utils.parsing.convert_bool import boolean


def _present(names, parameters):
    return [name for name in names if parameters.get(name) is not None]


def check_missing_parameters(parameters, required_parameters=None):
    lacking = [name for name in required_parameters or [] if not parameters.get(name)]
    if lacking:
        raise TypeError("missing required arguments: %s" % ", ".join(lacking))
    return lacking


def check_required_arguments(argument_spec, parameters, options_context=None):
    return check_missing_parameters(parameters, [name for name, option in argument_spec.items() if option.get("required")])


def check_mutually_exclusive(terms, parameters, options_context=None):
    for group in terms or []:
        if len(_present(group, parameters)) > 1:
            raise TypeError("parameters are mutually exclusive: %s" % "|".join(group))
    return []


def check_required_one_of(terms, parameters, options_context=None):
    for group in terms or []:
        if not _present(group, parameters):
            raise TypeError("one of the following is required: %s" % ", ".join(group))
    return []


def check_required_together(terms, parameters, options_context=None):
    for group in terms or []:
        if 0 < len(_present(group, parameters)) < len(group):
            raise TypeError("parameters are required together: %s" % ", ".join(group))
    return []


def check_required_by(requirements, parameters, options_context=None):
    for name, needs in (requirements or {}).items():
        needs = [needs] if isinstance(needs, str) else needs
        if parameters.get(name) is not None and len(_present(needs, parameters)) < len(needs):
            raise TypeError("missing parameter(s) required by '%s': %s" % (name, ", ".join(needs)))
    return {}


def check_required_if(requirements, parameters, options_context=None):
    for name, value, needs, *one in requirements or []:
        found = _present(needs, parameters)
        if parameters.get(name) == value and (not found if one and one[0] else len(found) < len(needs)):
            raise TypeError("%s is %s but some of the following are missing: %s" % (name, value, ", ".join(needs)))
    return []


def check_type_str(value, allow_conversion=True, param=None, prefix=""):
    if isinstance(value, str) or allow_conversion and value is not None:
        return to_native(value)
    raise TypeError("'%r' is not a string and conversion is not allowed" % value)


def check_type_list(value):
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, (int, float)):
        return [str(value)]
    raise TypeError("%s cannot be converted to a list" % type(value))


def check_type_dict(value):
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    if isinstance(value, str) and "=" in value:
        return dict(word.split("=", 1) for word in shlex.split(value.replace(",", " ")))
    raise TypeError("%s cannot be converted to a dict" % type(value))


def check_type_bool(value):
    return boolean(value)


def check_type_int(value):
    try:
        return int(value)
    except ValueError:
        raise TypeError("%s cannot be converted to an int" % value)


def check_type_float(value):
    try:
        return float(value)
    except ValueError:
        raise TypeError("%s cannot be converted to a float" % value)


def check_type_path(value):
    return os.path.expanduser(os.path.expandvars(check_type_str(value)))


def check_type_raw(value):
    return value


def _size(value, bits):
    try:
        return human_to_bytes(value, isbits=bits)
    except (KeyError, ValueError):
        raise TypeError("%s cannot be converted to a %s value" % (type(value), "Bit" if bits else "Byte"))


def check_type_bytes(value):
    return _size(value, False)


def check_type_bits(value):
    return _size(value, True)


def safe_eval(value, locals=None, include_exceptions=False):
    try:
        value = ast.literal_eval(value) if isinstance(value, str) else value
        return (value, None) if include_exceptions else value
    except (SyntaxError, ValueError) as error:
        return (value, error) if include_exceptions else value


def count_terms(terms, parameters):
    return len(set([terms] if isinstance(terms, str) else terms).intersection(parameters))


def check_type_jsonarg(value):
    return json.dumps(value) if isinstance(value, (list, tuple, dict)) else to_native(value).strip()


#: ansible.utils.cmd_functions
import shlex
import subprocess
import sys


def run_cmd(cmd, live=False, readsize=10):
    done = subprocess.run(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if live:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
    return done.returncode, done.stdout, done.stderr
