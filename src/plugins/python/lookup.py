# What lookup plugins are made of.

#: ansible.plugins
import deploy_host
from ansible.errors import AnsibleError


class AnsiblePlugin:
    """Options as the plugin's documentation declares them: given, of variables, of the environment, defaults."""
    allow_extras = False
    _load_name = ansible_name = ""

    def __init__(self):
        self._options, self._declared = {}, None

    def _specification(self):
        if self._declared is None:
            import sys
            text = getattr(sys.modules.get(type(self).__module__), "DOCUMENTATION", None)
            found = deploy_host.ask("yaml", text) if text else None
            self._declared = (found or {}).get("options") or {}
        return self._declared

    def set_options(self, task_keys=None, var_options=None, direct=None):
        given, self._options = dict(direct or {}), {}
        for name, option in self._specification().items():
            option = option or {}
            found = next((given.pop(one) for one in [name] + list(option.get("aliases") or []) if one in given), None)
            if found is None:
                found = self._elsewhere(option, var_options)
            if found is None:
                found = option.get("default")
            if found is None and option.get("required") and not name.startswith("_"):
                raise AnsibleError("Required option '%s' was not set for the plugin %s" % (name, self._load_name))
            if found is not None and option.get("choices") and not isinstance(found, list) and found not in option["choices"]:
                raise AnsibleError("'%s' is no choice for the option '%s': %s" % (found, name, ", ".join(map(str, option["choices"]))))
            self._options[name] = self._typed(found, option.get("type"))
        self._options.update(given)

    @staticmethod
    def _elsewhere(option, variables):
        import os
        for one in option.get("vars") or []:
            if variables is not None and one["name"] in variables:
                return variables[one["name"]]
        for one in option.get("env") or []:
            if one["name"] in os.environ:
                return os.environ[one["name"]]
        return None

    @staticmethod
    def _typed(value, kind):
        import os
        if value is None:
            return None
        if kind in ("bool", "boolean"):
            from ansible.module_utils.parsing.convert_bool import boolean
            return boolean(value, strict=False)
        if kind in ("int", "integer"):
            return int(value)
        if kind == "float":
            return float(value)
        if kind in ("str", "string") and not isinstance(value, (list, dict)):
            return str(value)
        if kind == "list" and isinstance(value, str):
            return [one.strip() for one in value.split(",")]
        if kind == "path" and isinstance(value, str):
            return os.path.abspath(os.path.expanduser(os.path.expandvars(value)))
        if kind in ("pathlist", "pathspec") and isinstance(value, str):
            return [os.path.expanduser(one) for one in value.replace(os.pathsep, ",").split(",")]
        return value

    def get_option(self, option, hostvars=None):
        if option not in self._options:
            declared = self._specification()
            if option not in declared:
                raise KeyError("Requested option %s was not defined in configuration" % option)
            self._options[option] = self._typed(self._elsewhere(declared[option] or {}, hostvars) or (declared[option] or {}).get("default"),
                                                (declared[option] or {}).get("type"))
        return self._options[option]

    def get_option_and_origin(self, option, hostvars=None):
        return self.get_option(option, hostvars), None

    def get_options(self, hostvars=None):
        return {name: self.get_option(name, hostvars) for name in self._specification()}

    def set_option(self, option, value):
        self._options[option] = value

    def has_option(self, option):
        return option in self._options or option in self._specification()


#: ansible.plugins.lookup
import os
import deploy_host
from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.plugins import AnsiblePlugin
from ansible.utils.display import Display

display = Display()


class LookupBase(AnsiblePlugin):
    accept_args_markers = False

    def __init__(self, loader=None, templar=None, **keywords):
        super().__init__()
        self._loader, self._templar, self._display = loader, templar, display

    def run(self, terms, variables=None, **keywords):
        raise AnsibleError("this lookup plugin has no `run`")

    def get_basedir(self, variables):
        folders = deploy_host.ask("folders")
        return variables["role_path"] if "role_path" in variables else folders[-1] if folders else os.getcwd()

    def find_file_in_search_path(self, myvars, subdir, needle, ignore_missing=False):
        found = deploy_host.ask("find", str(needle), sub=subdir)
        if found is None and not ignore_missing:
            raise AnsibleFileNotFound("Unable to find '%s' in expected paths: %s"
                                      % (needle, ", ".join(deploy_host.ask("candidates", str(needle), sub=subdir))))
        return found

    @staticmethod
    def _flatten(terms):
        return [one for term in terms for one in (LookupBase._flatten(term) if isinstance(term, (list, tuple)) else [term])]

    @staticmethod
    def _combine(a, b):
        return [LookupBase._flatten([x, y]) for x in a for y in b]

    @staticmethod
    def _flatten_hash_to_list(terms):
        return [{"key": key, "value": value} for key, value in terms.items()]


#: ansible.plugins.filter
#: ansible.plugins.test
#: ansible.plugins.test.core
def failed(result):
    return bool(result.get("failed", False))


def success(result):
    return not failed(result)


def changed(result):
    return bool(result.get("changed", False)) or any(one.get("changed") for one in result.get("results") or [] if isinstance(one, dict))


def skipped(result):
    return bool(result.get("skipped", False))


def version_compare(value, version, operator="eq", strict=None, version_type=None):
    import operator as operators
    from ansible.module_utils.compat.version import LooseVersion
    names = {"==": "eq", "=": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "!=": "ne", "<>": "ne"}
    return getattr(operators, names.get(operator, operator))(LooseVersion(str(value)), LooseVersion(str(version)))
