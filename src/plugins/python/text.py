# YAML, JSON and hashes.

#: ansible.parsing.yaml
#: ansible.parsing.yaml.objects
class AnsibleBaseYAMLObject:
    ansible_pos = (None, 0, 0)


class AnsibleMapping(dict):
    pass


class AnsibleUnicode(str):
    pass


class AnsibleSequence(list):
    pass


class AnsibleVaultEncryptedUnicode(str):
    pass


#: ansible.parsing.yaml.dumper
import yaml


class AnsibleDumper(yaml.SafeDumper):
    pass


AnsibleDumper.add_multi_representer(str, lambda dumper, text: dumper.represent_str(str(text)))
AnsibleDumper.add_multi_representer(dict, lambda dumper, mapping: dumper.represent_dict(dict(mapping)))
AnsibleDumper.add_multi_representer(list, lambda dumper, items: dumper.represent_list(list(items)))

#: ansible.parsing.yaml.loader
import yaml


class AnsibleLoader(yaml.SafeLoader):
    def __init__(self, stream, file_name=None, vault_secrets=None):
        super().__init__(stream)


#: ansible.parsing.utils.yaml
def from_yaml(data, file_name="<string>", show_content=True, vault_secrets=None, json_only=False):
    import deploy_host
    from ansible.module_utils.common.text.converters import to_text
    return deploy_host.ask("yaml", to_text(data))


#: ansible.parsing.ajson
import json


class AnsibleJSONEncoder(json.JSONEncoder):
    def default(self, value):
        return str(value)


class AnsibleJSONDecoder(json.JSONDecoder):
    pass


#: ansible.module_utils.common.json
import json


class AnsibleJSONEncoder(json.JSONEncoder):
    def __init__(self, preprocess_unsafe=False, vault_to_text=False, **keywords):
        super().__init__(**keywords)

    def default(self, value):
        return str(value)


#: ansible.module_utils.common.yaml
try:
    import yaml
    from yaml import SafeDumper, SafeLoader  # noqa: F401
    HAS_LIBYAML = hasattr(yaml, "CSafeLoader")
    yaml_load, yaml_load_all = (lambda text: yaml.load(text, SafeLoader)), (lambda text: yaml.load_all(text, SafeLoader))
    yaml_dump = yaml.safe_dump
except ImportError:
    HAS_LIBYAML = False

    def yaml_load(text):
        from ansible.parsing.utils.yaml import from_yaml
        return from_yaml(text)


#: ansible.plugins.filter.core
"""Filters that plugins take from Ansible's own."""
import base64
import hashlib
import json
import re
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text  # noqa: F401
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.vars import merge_hash


def to_json(value, *more, **keywords):
    return json.dumps(value, default=str, **keywords)


def to_nice_json(value, indent=4, sort_keys=True, *more, **keywords):
    return json.dumps(value, default=str, indent=indent, sort_keys=sort_keys, separators=(",", ": "), **keywords)


def _yaml(value, flow, keywords):
    import yaml
    from ansible.parsing.yaml.dumper import AnsibleDumper
    keywords.setdefault("allow_unicode", True)
    return yaml.dump(value, Dumper=AnsibleDumper, default_flow_style=flow, **keywords)


def to_yaml(value, *more, default_flow_style=None, **keywords):
    return _yaml(value, default_flow_style, keywords)


def to_nice_yaml(value, indent=4, *more, default_flow_style=False, **keywords):
    return _yaml(value, default_flow_style, dict(keywords, indent=indent))


def from_yaml(text):
    from ansible.parsing.utils.yaml import from_yaml as read
    return read(text)


def from_json(text, *more, **keywords):
    return json.loads(text)


def to_bool(value):
    return None if value is None else boolean(value, strict=False)


def combine(*terms, **keywords):
    merged, recursive, lists = {}, keywords.pop("recursive", False), keywords.pop("list_merge", "replace")
    if keywords:
        raise AnsibleFilterError("'recursive' and 'list_merge' are the only valid keyword arguments")
    for one in flatten(list(terms)):
        if one:
            merged = merge_hash(merged, one, recursive, lists)
    return merged


def flatten(items, levels=None, skip_nulls=True):
    found = []
    for one in items:
        if skip_nulls and one in (None, "None", "null"):
            continue
        if isinstance(one, (list, tuple)) and (levels is None or levels >= 1):
            found.extend(flatten(one, None if levels is None else levels - 1, skip_nulls))
        else:
            found.append(one)
    return found


def mandatory(value, msg=None):
    import deploy_host
    if deploy_host.is_undefined(value):
        raise AnsibleFilterError(msg or "Mandatory variable is not defined.")
    return value


def ternary(value, true_val, false_val, none_val=None):
    return none_val if value is None and none_val is not None else true_val if bool(value) else false_val


def b64encode(text, encoding="utf-8"):
    return base64.b64encode(to_bytes(text, encoding)).decode()


def b64decode(text, encoding="utf-8"):
    return base64.b64decode(to_bytes(text)).decode(encoding)


def get_hash(text, hashtype="sha1"):
    return hashlib.new(hashtype, to_bytes(text)).hexdigest()


def quote(text):
    import shlex
    return shlex.quote("" if text is None else str(text))


def _flags(ignorecase, multiline):
    return (re.I if ignorecase else 0) | (re.M if multiline else 0)


def regex_replace(value="", pattern="", replacement="", ignorecase=False, multiline=False, count=0, **more):
    return re.compile(pattern, _flags(ignorecase, multiline)).sub(replacement, to_text(value), count=count)


def regex_findall(value, regex, multiline=False, ignorecase=False):
    return re.compile(regex, _flags(ignorecase, multiline)).findall(to_text(value))


def regex_escape(text, re_type="python"):
    return re.escape(text)


def dict_to_list_of_dict_key_value_elements(mapping, key_name="key", value_name="value"):
    return [{key_name: key, value_name: value} for key, value in mapping.items()]


def list_of_dict_key_value_elements_to_dict(items, key_name="key", value_name="value"):
    return {one[key_name]: one[value_name] for one in items}


class FilterModule:
    def filters(self):
        return {
            "to_json": to_json, "to_nice_json": to_nice_json, "to_yaml": to_yaml, "to_nice_yaml": to_nice_yaml, "from_json": from_json,
            "from_yaml": from_yaml, "bool": to_bool, "combine": combine, "flatten": flatten, "mandatory": mandatory, "ternary": ternary,
            "b64encode": b64encode, "b64decode": b64decode, "hash": get_hash, "quote": quote, "regex_replace": regex_replace,
            "regex_findall": regex_findall, "regex_escape": regex_escape,
            "dict2items": dict_to_list_of_dict_key_value_elements, "items2dict": list_of_dict_key_value_elements_to_dict,
        }


#: ansible.plugins.filter.mathstuff
def unique(items, *more, **keywords):
    return [one for at, one in enumerate(items) if one not in list(items)[:at]]


def intersect(a, b, *more):
    return [one for one in unique(a) if one in b]


def difference(a, b, *more):
    return [one for one in unique(a) if one not in b]


def symmetric_difference(a, b, *more):
    return [one for one in union(a, b) if not (one in a and one in b)]


def union(a, b, *more):
    return unique(list(a) + list(b))


#: ansible.utils.hashing
import hashlib
import os


def secure_hash_s(data, hash_func=hashlib.sha1):
    return hash_func(data.encode() if isinstance(data, str) else data).hexdigest()


def secure_hash(filename, hash_func=hashlib.sha1):
    if not os.path.exists(filename) or os.path.isdir(filename):
        return None
    with open(filename, "rb") as file:
        return hash_func(file.read()).hexdigest()


checksum, checksum_s = secure_hash, secure_hash_s


def md5s(data):
    return secure_hash_s(data, hashlib.md5)


def md5(filename):
    return secure_hash(filename, hashlib.md5)


#: ansible.plugins.inventory
#: ansible.plugins.inventory.toml
"""TOML, as the inventory's plugin had it: read by the standard library, written here."""
import datetime
import json
import re

try:
    import tomllib as toml
except ImportError:
    import toml

HAS_TOML = True


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "[ %s,]" % ", ".join(_value(one) for one in value) if value else "[]"
    if isinstance(value, dict):
        return "{ %s }" % ", ".join("%s = %s" % (_key(key), _value(one)) for key, one in value.items())
    return json.dumps(str(value), ensure_ascii=False)


def _key(key):
    return key if re.match(r"^[A-Za-z0-9_-]+$", key) else json.dumps(key)


def _table(table, path):
    """Plain values first, then tables, then lists of tables."""
    tables = {key: one for key, one in table.items() if isinstance(one, dict)}
    lists = {key: one for key, one in table.items() if isinstance(one, list) and one and all(isinstance(item, dict) for item in one)}
    lines = ["%s = %s" % (_key(key), _value(one)) for key, one in table.items() if key not in tables and key not in lists and one is not None]
    for key, one in tables.items():
        below = path + [_key(key)]
        inner = _table(one, below)
        header = ["[%s]" % ".".join(below)] if not one or not all(isinstance(value, dict) for value in one.values()) else []
        lines += ([""] if lines else []) + header + inner
    for key, items in lists.items():
        for one in items:
            below = path + [_key(key)]
            lines += ([""] if lines else []) + ["[[%s]]" % ".".join(below)] + _table(one, below)
    return lines


def toml_dumps(data):
    return "\n".join(_table(data, [])) + "\n"
