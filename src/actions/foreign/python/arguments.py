"""The arguments of a module, checked against its specification: docs.ansible.com, "Argument spec"."""
import json
import os
import re
import shlex

from ansible.module_utils.common.text.converters import to_native
from ansible.module_utils.parsing.convert_bool import BOOLEANS, boolean

SIZES = {"Y": 1 << 80, "Z": 1 << 70, "E": 1 << 60, "P": 1 << 50, "T": 1 << 40, "G": 1 << 30, "M": 1 << 20, "K": 1 << 10, "B": 1}


class AnsibleFallbackNotFound(Exception):
    pass


def human_to_bytes(number, default_unit=None, isbits=False):
    found = re.match(r"^\s*(\d*\.?\d*)\s*([A-Za-z]+)?", str(number))
    if not found or not found.group(1):
        raise ValueError("human_to_bytes() can't interpret following string: %s" % number)
    unit = found.group(2) or default_unit
    if not unit:
        return int(round(float(found.group(1))))
    return int(round(float(found.group(1)) * SIZES[unit[0].upper()]))


def bytes_to_human(size, isbits=False, unit=None):
    for suffix, limit in sorted(SIZES.items(), key=lambda item: -item[1]):
        if (unit is None and size >= limit) or (unit is not None and unit.upper() == suffix):
            break
    whole, short = ("bits", "b") if isbits else ("Bytes", "B")
    return "%.2f %s" % (size / limit, whole if suffix == "B" else suffix + short)


class Arguments:
    def _checked(self, spec, given, context, mutually_exclusive=None, required_together=None, required_one_of=None, required_if=None, required_by=None):
        params, where = {}, " found in %s" % context if context else ""
        names = {}
        for name, option in spec.items():
            for alias in [name] + list(option.get("aliases") or []):
                names[alias] = name
        self.aliases.update(names if not context else {})
        unknown = sorted(name for name in given if name not in names)
        if unknown:
            known = ", ".join(sorted(name if not spec[name].get("aliases") else "%s (%s)" % (name, ", ".join(spec[name]["aliases"])) for name in spec))
            self.fail_json(msg="Unsupported parameters for (%s) module: %s%s. Supported parameters include: %s." % (self._name, ", ".join(unknown), where, known))
        for name, value in given.items():
            params[names[name]] = value
        for name, option in spec.items():
            if params.get(name) is None and "fallback" in option:
                params[name] = self._fallback(option["fallback"], params.get(name))
            if option.get("no_log") and params.get(name) not in (None, ""):
                self._hide(params[name])
        present = lambda name: params.get(name) is not None  # noqa: E731
        for group in mutually_exclusive or []:
            group = [group] if isinstance(group, str) else group
            found = [name for name in group if present(name)]
            if len(found) > 1:
                self.fail_json(msg="parameters are mutually exclusive: %s%s" % ("|".join(group), where))
        missing = sorted(name for name, option in spec.items() if option.get("required") and not present(name))
        if missing:
            self.fail_json(msg="missing required arguments: %s%s" % (", ".join(missing), where))
        for name, option in spec.items():
            if present(name):
                params[name] = self._typed(name, option, params[name], context)
        # Defaults do not count as given.
        for group in required_together or []:
            found = [present(name) for name in group]
            if any(found) and not all(found):
                self.fail_json(msg="parameters are required together: %s%s" % (", ".join(group), where))
        for group in required_one_of or []:
            if not any(present(name) for name in group):
                self.fail_json(msg="one of the following is required: %s%s" % (", ".join(group), where))
        for name, option in spec.items():
            if not present(name):
                params[name] = option.get("default")
                if option.get("default") is not None:
                    params[name] = self._typed(name, option, option["default"], context)
                elif option.get("apply_defaults") and option.get("type") == "dict" and option.get("options"):
                    params[name] = self._nested(name, option, {}, context)
        for rule in required_if or []:
            key, wanted, needs = rule[:3]
            any_of = len(rule) > 3 and rule[3]
            if params.get(key) == wanted:
                lacking = [name for name in needs if not present(name)]
                if (any_of and len(lacking) == len(needs)) or (lacking and not any_of):
                    what = "any" if any_of else "all"
                    self.fail_json(msg="%s is %s but %s of the following are missing: %s%s" % (key, wanted, what, ", ".join(lacking), where))
        for key, needs in (required_by or {}).items():
            needs = [needs] if isinstance(needs, str) else needs
            lacking = [name for name in needs if not present(name)]
            if present(key) and lacking:
                self.fail_json(msg="missing parameter(s) required by '%s': %s%s" % (key, ", ".join(lacking), where))
        return params

    def fail_on_missing_params(self, required_params=None):
        missing = [name for name in required_params or [] if not self.params.get(name)]
        if missing:
            self.fail_json(msg="missing required arguments: %s" % ", ".join(missing))

    def _fallback(self, fallback, current):
        function, rest = fallback[0], list(fallback[1:])
        arguments, keywords = [], {}
        for item in rest:
            if isinstance(item, dict):
                keywords = item
            else:
                arguments = item if isinstance(item, (list, tuple)) else [item]
        try:
            return function(*arguments, **keywords)
        except AnsibleFallbackNotFound:
            return current

    def _hide(self, value):
        if isinstance(value, dict):
            for one in value.values():
                self._hide(one)
        elif isinstance(value, (list, tuple)):
            for one in value:
                self._hide(one)
        elif value not in (None, "", True, False):
            self.no_log_values.add(to_native(value))

    def _typed(self, name, option, value, context):
        kind = option.get("type", "str")
        try:
            value = kind(value) if callable(kind) else self._convert(kind, value)
        except (TypeError, ValueError) as error:
            of = type(value).__name__
            self.fail_json(msg="argument '%s' is of type %s and we were unable to convert to %s: %s" % (name, of, kind, error))
        if kind == "list" and option.get("elements"):
            value = [self._typed(name, dict(option, type=option["elements"], elements=None, choices=option.get("choices")), one, context) for one in value]
        elif kind == "dict" and option.get("options") is not None:
            value = self._nested(name, option, value, context)
        choices = option.get("choices")
        if choices and kind != "list" and value not in choices:
            # YAML's booleans, where a choice is the word.
            words = {True: ("yes", "on", "true"), False: ("no", "off", "false")}
            word = [choice for choice in choices if isinstance(value, str) and boolean(value, strict=False) in (True, False) and value.lower() in BOOLEANS and choice in words[boolean(value)]]
            if word:
                return word[0]
            self.fail_json(msg="value of %s must be one of: %s, got: %s" % (name, ", ".join(map(str, choices)), value))
        return value

    def _nested(self, name, option, value, context):
        rules = {rule: option.get(rule) for rule in ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")}
        return self._checked(option["options"], value, context + " -> " + name if context else name, **rules)

    def _convert(self, kind, value):
        if kind == "str":
            return to_native(value) if isinstance(value, (str, bytes)) else (json.dumps(value) if isinstance(value, (dict, list)) else str(value))
        if kind == "bool":
            return boolean(value)
        if kind == "int":
            if isinstance(value, bool):
                raise TypeError("bool is no int")
            if isinstance(value, float) and value != int(value):
                raise ValueError("the decimal part would be lost")
            return int(value)
        if kind == "float":
            return float(value)
        if kind == "list":
            if isinstance(value, list):
                return value
            if isinstance(value, str):
                return [part.strip() for part in value.split(",")] if value else []
            return [str(value)]
        if kind == "dict":
            return self._dictionary(value)
        if kind == "path":
            return os.path.expanduser(os.path.expandvars(to_native(value)))
        if kind == "json":
            return value.strip() if isinstance(value, str) else json.dumps(value)
        if kind == "jsonarg":
            return value.strip() if isinstance(value, str) else json.dumps(value)
        if kind == "bytes":
            return human_to_bytes(value)
        if kind == "bits":
            return human_to_bytes(value, isbits=True)
        return value

    def _dictionary(self, value):
        if isinstance(value, dict):
            return value
        if not isinstance(value, str):
            raise TypeError("%s cannot be converted to a dict" % type(value))
        if value.lstrip().startswith("{"):
            return json.loads(value)
        if "=" not in value:
            raise TypeError("dictionary requested, could not parse JSON or key=value")
        return dict(part.rstrip(",").split("=", 1) for part in shlex.split(value))
