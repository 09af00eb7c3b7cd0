# The little of Jinja2 that plugins import, where it is not installed.

#: jinja2
from jinja2.exceptions import *  # noqa: F401,F403
from jinja2.filters import *  # noqa: F401,F403
from jinja2.runtime import StrictUndefined, Undefined  # noqa: F401

__version__ = "3.1"


class Environment:
    def __init__(self, *more, **keywords):
        from ansible.errors import AnsibleError
        raise AnsibleError("Jinja2 is not installed for this python3")


Template = Environment

#: jinja2.exceptions
class TemplateError(Exception):
    pass


class TemplateNotFound(TemplateError):
    pass


class TemplateSyntaxError(TemplateError):
    pass


class TemplateRuntimeError(TemplateError):
    pass


class UndefinedError(TemplateRuntimeError):
    pass


class FilterArgumentError(TemplateRuntimeError):
    pass


class TemplateAssertionError(TemplateSyntaxError):
    pass


#: jinja2.runtime
from jinja2.exceptions import UndefinedError


class Undefined:
    def __init__(self, hint=None, obj=None, name=None, exc=UndefinedError):
        self.__dict__.update(_undefined_hint=hint, _undefined_obj=obj, _undefined_name=name, _undefined_exception=exc)

    @property
    def _undefined_message(self):
        return self._undefined_hint or "%r is undefined" % self._undefined_name

    def _fail_with_undefined_error(self, *more, **keywords):
        raise self._undefined_exception(self._undefined_message)

    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        self._fail_with_undefined_error()

    __add__ = __radd__ = __sub__ = __mul__ = __getitem__ = __call__ = __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error
    __int__ = __float__ = _fail_with_undefined_error

    def __eq__(self, other):
        return type(self) is type(other)

    def __hash__(self):
        return id(type(self))

    def __str__(self):
        return ""

    def __len__(self):
        return 0

    def __iter__(self):
        return iter(())

    def __bool__(self):
        return False

    def __repr__(self):
        return "Undefined"


class StrictUndefined(Undefined):
    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = Undefined._fail_with_undefined_error


class Context(dict):
    pass


#: jinja2.utils
from jinja2.filters import pass_context, pass_environment, pass_eval_context  # noqa: F401

missing = object()

#: jinja2.filters
def pass_context(function):
    function.jinja_pass_arg = "context"
    return function


def pass_environment(function):
    function.jinja_pass_arg = "environment"
    return function


def pass_eval_context(function):
    function.jinja_pass_arg = "eval_context"
    return function


contextfilter, environmentfilter, evalcontextfilter = pass_context, pass_environment, pass_eval_context
contextfunction, environmentfunction = pass_context, pass_environment
FILTERS = {}
