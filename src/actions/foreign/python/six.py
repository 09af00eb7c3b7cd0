"""What modules still ask of six, on Python 3."""
import builtins
import io
import sys
import types
import urllib.error
import urllib.parse
import urllib.request

PY2, PY3 = False, True
string_types = (str,)
integer_types = (int,)
class_types = (type,)
text_type, binary_type = str, bytes
StringIO, BytesIO = io.StringIO, io.BytesIO
b = lambda text: text.encode("latin-1")  # noqa: E731
u = lambda text: text  # noqa: E731
iteritems = lambda mapping, **kw: iter(mapping.items(**kw))  # noqa: E731
iterkeys = lambda mapping, **kw: iter(mapping.keys(**kw))  # noqa: E731
itervalues = lambda mapping, **kw: iter(mapping.values(**kw))  # noqa: E731


def with_metaclass(meta, *bases):
    return meta("temporary", bases or (object,), {})


def add_metaclass(meta):
    return lambda cls: meta(cls.__name__, cls.__bases__, {key: value for key, value in cls.__dict__.items() if key not in ("__dict__", "__weakref__")})


def raise_from(value, cause):
    raise value from cause


def reraise(kind, value, trace=None):
    raise (value if value is not None else kind()).with_traceback(trace)


moves = types.ModuleType(__name__ + ".moves")
moves.__path__ = []
moves.__dict__.update(
    builtins=builtins, input=input, filter=filter, map=map, range=range, xrange=range, zip=zip, reduce=__import__("functools").reduce,
    StringIO=io.StringIO, cStringIO=io.StringIO, shlex_quote=__import__("shlex").quote, zip_longest=__import__("itertools").zip_longest,
    configparser=__import__("configparser"), queue=__import__("queue"), http_client=__import__("http.client").client,
    http_cookiejar=__import__("http.cookiejar").cookiejar, urllib=urllib,
)
for name, module in (("", moves), (".urllib", urllib), (".urllib.parse", urllib.parse), (".urllib.error", urllib.error),
                     (".urllib.request", urllib.request), (".configparser", moves.configparser), (".http_client", moves.http_client)):
    sys.modules[__name__ + ".moves" + name] = module
