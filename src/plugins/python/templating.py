# Variables and templates: asked of the run when they are used.

#: ansible.template
import contextlib
from collections.abc import Mapping
import deploy_host
from ansible.errors import AnsibleError


class Variables(dict):
    """All variables of the host, by name when asked for; as written, as Ansible's are."""

    def __init__(self, *more, **keywords):
        super().__init__(*more, **keywords)
        # Names that the plugin gave a value itself.
        self._names, self._own = None, set(dict.keys(self))

    def __setitem__(self, name, value):
        dict.__setitem__(self, name, value)
        self._own.add(name)

    def update(self, *more, **keywords):
        for name, value in dict(*more, **keywords).items():
            self[name] = value

    def _all(self):
        if self._names is None:
            self._names = deploy_host.ask("names")
        return self._names + [name for name in dict.keys(self) if name not in self._names]

    def __getitem__(self, name):
        if not dict.__contains__(self, name):
            if not isinstance(name, str):
                raise KeyError(name)
            dict.__setitem__(self, name, self._special(name) if name == "ansible_search_path" else deploy_host.ask("variable", name))
        return dict.__getitem__(self, name)

    def _special(self, name):
        try:
            return deploy_host.ask("variable", name)
        except KeyError:
            return deploy_host.ask("folders")

    def get(self, name, default=None):
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name):
        try:
            self[name]
            return True
        except KeyError:
            return False

    def __iter__(self):
        return iter(self._all())

    def __len__(self):
        return len(self._all())

    def keys(self):
        return self._all()

    def values(self):
        return [self[name] for name in self._all()]

    def items(self):
        return [(name, self[name]) for name in self._all()]

    def copy(self):
        return type(self)(self.own())

    def own(self):
        return {name: dict.__getitem__(self, name) for name in self._own}

    def __deepcopy__(self, memo):
        return self.copy()

    def __repr__(self):
        return repr(dict(self.items()))


class Lazy(Mapping):
    """What leads to other variables (hostvars): asked for where it is used."""

    def __init__(self, path):
        self._path = path

    def __getitem__(self, key):
        return deploy_host.ask("item", key, path=self._path)

    def __iter__(self):
        return iter(deploy_host.ask("keys", path=self._path))

    def __len__(self):
        return len(deploy_host.ask("keys", path=self._path))

    def raw_get(self, key):
        return self[key]


def trust_as_template(value):
    return deploy_host.Template(value) if isinstance(value, str) else value


def is_trusted_as_template(value):
    return isinstance(value, deploy_host.Template)


def is_possibly_template(value, *more):
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


is_template = is_possibly_template


class Templar:
    environment = None

    def __init__(self, loader=None, variables=None):
        self._loader, self._variables, self._set = loader, variables if variables is not None else Variables(), {}

    @property
    def available_variables(self):
        return self._variables

    @available_variables.setter
    def available_variables(self, variables):
        self._variables, self._set = variables, self._more(variables)

    @staticmethod
    def _more(variables):
        """What a plugin set itself, beside what is there anyway."""
        return variables.own() if isinstance(variables, Variables) else dict(variables or {})

    set_available_variables = available_variables.fset

    @contextlib.contextmanager
    def set_temporary_context(self, **keywords):
        before = self._variables, self._set
        if keywords.get("available_variables") is not None:
            self.available_variables = keywords["available_variables"]
        try:
            yield self
        finally:
            self._variables, self._set = before

    def copy_with_new_env(self, available_variables=None, **more):
        other = Templar(self._loader, self._variables)
        if available_variables is not None:
            other.available_variables = available_variables
        return other

    def is_template(self, data):
        return is_possibly_template(data)

    is_possibly_template = is_template

    def template(self, variable, *more, **keywords):
        """Only what was written as a template is rendered; the rest is data."""
        if isinstance(variable, deploy_host.Template):
            variables = self._variables
            more = self._more(variables) if isinstance(variables, Variables) else self._set
            written = {name: deploy_host.mark("template", str(value)) if isinstance(value, deploy_host.Template) else deploy_host.write(value)
                       for name, value in more.items()}
            return deploy_host.ask("render", str(variable), vars=written)
        if isinstance(variable, dict):
            return {self.template(key): self.template(value) for key, value in variable.items()}
        if isinstance(variable, (list, tuple)):
            return type(variable)(self.template(one) for one in variable)
        return variable

    do_template = template

    def evaluate_expression(self, expression, *more, **keywords):
        return self.template(deploy_host.Template("{{ %s }}" % expression))

    resolve_variable_expression = evaluate_expression


class _Named:
    """Filters or tests, by name."""

    def __init__(self, sign):
        self._sign = sign

    def __getitem__(self, name):
        def call(*arguments, **keywords):
            values = {"argument_%d" % at: value for at, value in enumerate(arguments)}
            given = list(values)[1:] + ["%s=%s" % (key, key) for key in keywords]
            text = "{{ argument_0 %s %s(%s) }}" % (self._sign, name, ", ".join(given))
            return deploy_host.ask("render", text, vars=deploy_host.write(dict(values, **keywords)))
        return call

    def get(self, name, default=None):
        return self[name]

    def __contains__(self, name):
        return deploy_host.ask("render", "{{ argument is %s }}" % ("filter" if self._sign == "|" else "test"), vars={"argument": name})


class Environment:
    """What a filter gets that asks for the environment."""
    filters, tests = _Named("|"), _Named("is")

    def call_filter(self, name, value, args=None, kwargs=None, **more):
        return self.filters[name](value, *(args or ()), **(kwargs or {}))

    def call_test(self, name, value, args=None, kwargs=None, **more):
        return self.tests[name](value, *(args or ()), **(kwargs or {}))

    def __getattr__(self, name):
        raise AnsibleError("the template environment's `%s` is not available to plugins here" % name)


Templar.environment = Environment()


class Context(Variables):
    """What a filter gets that asks for the context: the variables."""
    environment = Environment()
    name = None

    @property
    def eval_ctx(self):
        return self

    def resolve(self, name):
        try:
            return self[name]
        except KeyError:
            return deploy_host.undefined("'%s' is undefined" % name)

    def __getitem__(self, name):
        return Templar().template(super().__getitem__(name))

    def get_all(self):
        return dict(self.items())

    get_exported = get_all

    @property
    def vars(self):
        return self

    @property
    def parent(self):
        return self


#: ansible.vars.hostvars
class HostVars(dict):
    pass


class HostVarsVars(dict):
    pass


#: ansible.plugins.loader
"""Other plugins, by name."""
import deploy_host


class _Lookup:
    def __init__(self, name):
        self._name = name

    def run(self, terms, variables=None, **keywords):
        return deploy_host.ask("lookup", self._name, terms=deploy_host.write(list(terms)), keywords=deploy_host.write(keywords))


class _Lookups:
    def get(self, name, *more, **keywords):
        return _Lookup(name)


lookup_loader = _Lookups()
