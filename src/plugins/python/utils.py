# What the code of collections takes from Ansible's module_utils, on hosts and here.

#: ansible.module_utils.common.dict_transformations
import re
from copy import deepcopy


def dict_merge(a, b):
    if not isinstance(b, dict):
        return b
    merged = deepcopy(a)
    for key, value in b.items():
        merged[key] = dict_merge(merged[key], value) if isinstance(merged.get(key), dict) else deepcopy(value)
    return merged


def recursive_diff(dict1, dict2):
    if not (isinstance(dict1, dict) and isinstance(dict2, dict)):
        raise TypeError("Unable to diff 'dict1' %s and 'dict2' %s. Both must be a dictionary." % (type(dict1), type(dict2)))
    left = {key: value for key, value in dict1.items() if key not in dict2}
    right = {key: value for key, value in dict2.items() if key not in dict1}
    for key in (key for key in dict1 if key in dict2):
        if isinstance(dict1[key], dict) and isinstance(dict2[key], dict):
            below = recursive_diff(dict1[key], dict2[key])
            if below:
                left[key], right[key] = below
        elif dict1[key] != dict2[key]:
            left[key], right[key] = dict1[key], dict2[key]
    return (left, right) if left or right else None


def _camel_to_snake(name, reversible=False):
    if reversible:
        return re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), name).lstrip("_")
    # Abbreviations in the plural are one word: ARNs.
    name = re.sub(r"[A-Z]{3,}s$", lambda found: "_" + found.group().lower(), name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)).lower().lstrip("_")


def _snake_to_camel(name, capitalize_first=False):
    first, *rest = name.split("_")
    return (first.capitalize() or "_" if capitalize_first else first) + "".join(one.capitalize() or "_" for one in rest)


def _turned(value, turn, ignored=()):
    if isinstance(value, dict):
        return {turn(key): one if key in ignored else _turned(one, turn, ignored) for key, one in value.items()}
    return [_turned(one, turn, ignored) for one in value] if isinstance(value, list) else value


def camel_dict_to_snake_dict(camel_dict, reversible=False, ignore_list=()):
    return _turned(camel_dict, lambda key: _camel_to_snake(key, reversible) if isinstance(key, str) else key, ignore_list)


def snake_dict_to_camel_dict(snake_dict, capitalize_first=False):
    return _turned(snake_dict, lambda key: _snake_to_camel(key, capitalize_first) if isinstance(key, str) else key)


#: ansible.module_utils.compat.version
import re
from functools import total_ordering


class _Version:
    def __init__(self, vstring=None):
        if vstring:
            self.parse(vstring)

    def _both(self, other):
        other = type(self)(other) if isinstance(other, str) else other
        return self._key(), other._key()

    def __eq__(self, other):
        mine, theirs = self._both(other)
        return mine == theirs

    def __lt__(self, other):
        mine, theirs = self._both(other)
        return mine < theirs

    def __repr__(self):
        return "%s ('%s')" % (type(self).__name__, self)


@total_ordering
class LooseVersion(_Version):
    component_re = re.compile(r"(\d+ | [a-z]+ | \.)", re.VERBOSE)

    def parse(self, vstring):
        self.vstring = vstring
        parts = [one for one in self.component_re.split(vstring) if one and one != "."]
        self.version = [int(one) if one.isdigit() else one for one in parts]

    def _key(self):
        return self.version

    def __str__(self):
        return self.vstring


@total_ordering
class StrictVersion(_Version):
    version_re = re.compile(r"^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$")

    def parse(self, vstring):
        found = self.version_re.match(vstring)
        if not found:
            raise ValueError("invalid version number '%s'" % vstring)
        major, minor, patch, kind, number = found.groups()
        self.version = (int(major), int(minor), int(patch or 0))
        self.prerelease = (kind, int(number)) if kind else None

    def _key(self):
        return self.version, self.prerelease or ("z", 0)

    def __str__(self):
        shown = ".".join(map(str, self.version if self.version[2] else self.version[:2]))
        return shown + ("%s%d" % self.prerelease if self.prerelease else "")


#: ansible.module_utils.api
def basic_auth_argument_spec(spec=None):
    return dict(
        api_username=dict(type="str"), api_password=dict(type="str", no_log=True), api_url=dict(type="str"),
        validate_certs=dict(type="bool", default=True), **(spec or {}))


def rate_limit_argument_spec(spec=None):
    return dict(rate=dict(type="int"), rate_limit=dict(type="int"), **(spec or {}))


def retry_argument_spec(spec=None):
    return dict(retries=dict(type="int"), retry_pause=dict(type="float", default=1), **(spec or {}))


#: ansible.module_utils.common.locale
def get_best_parsable_locale(module, preferences=None, raise_on_locale=False):
    code, listed, _ = module.run_command(["locale", "-a"])
    known = listed.split() if code == 0 else []
    return next((one for one in preferences or ("C.utf8", "C.UTF-8", "en_US.utf8", "en_US.UTF-8", "C", "POSIX") if one in known), "C")


#: ansible.module_utils.common.respawn
import json
import os
import subprocess
import sys

_MARK = "_DEPLOY_RESPAWNED"


def has_respawned():
    return _MARK in os.environ


def respawn_module(interpreter_path):
    if has_respawned():
        raise Exception("module has already been respawned")
    with open("/proc/self/cmdline", "rb") as file:
        words = file.read().rstrip(b"\0").split(b"\0")
    job = json.dumps(sys.modules["__main__"].job).encode()
    sys.stdout.flush()
    done = subprocess.run([interpreter_path] + [os.fsdecode(one) for one in words[1:]], input=job, env=dict(os.environ, **{_MARK: "1"}))
    sys.exit(done.returncode)


def probe_interpreters_for_module(interpreter_paths, module_name):
    for path in interpreter_paths:
        if os.path.exists(path) and subprocess.run([path, "-c", "import " + module_name], capture_output=True).returncode == 0:
            return path
    return None


#: ansible.module_utils.common.sys_info
from ansible.module_utils.basic import get_distribution, get_distribution_version, get_platform_subclass  # noqa: F401


#: ansible.module_utils.common.network
import ipaddress
import re


def is_netmask(val):
    try:
        bits = "".join("{:08b}".format(int(one)) for one in val.split("."))
    except (AttributeError, ValueError):
        return False
    return len(bits) == 32 and "01" not in bits


def is_masklen(val):
    try:
        return 0 <= int(val) <= 32
    except (TypeError, ValueError):
        return False


def to_netmask(val):
    if not is_masklen(val):
        raise ValueError("invalid value for masklen")
    return str(ipaddress.ip_network("0.0.0.0/%d" % int(val)).netmask)


def to_masklen(val):
    if not is_netmask(val):
        raise ValueError("invalid value for netmask: %s" % val)
    return to_bits(val).count("1")


def to_bits(val):
    return "".join("{:08b}".format(int(one)) for one in val.split("."))


def to_subnet(addr, mask, dotted_notation=False):
    network = ipaddress.ip_network("%s/%s" % (addr, mask), strict=False)
    return "%s %s" % (network.network_address, network.netmask) if dotted_notation else str(network)


def is_mac(mac_address):
    return bool(re.match(r"[0-9a-f]{2}([-:])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$", mac_address.lower()))
