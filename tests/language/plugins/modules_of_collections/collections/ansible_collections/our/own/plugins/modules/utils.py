#!/usr/bin/python
from ansible.module_utils.api import basic_auth_argument_spec
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.collections import is_sequence
from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, dict_merge, recursive_diff, snake_dict_to_camel_dict
from ansible.module_utils.common.locale import get_best_parsable_locale
from ansible.module_utils.common.network import to_masklen, to_netmask, to_subnet
from ansible.module_utils.common.process import get_bin_path
from ansible.module_utils.common.respawn import has_respawned, respawn_module
from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible.module_utils.common.validation import check_type_bits, check_type_bytes, check_type_int
from ansible.module_utils.six.moves.urllib.parse import urlparse
from ansible.module_utils.compat.version import LooseVersion, StrictVersion


def main():
    module = AnsibleModule(argument_spec=basic_auth_argument_spec(dict(again=dict(type="bool"))))
    if module.params["again"] and not has_respawned():
        import sys
        respawn_module(sys.executable)
    given = {"InstanceId": 1, "TargetGroupARNs": [{"HTTPEndpoint": "MyName"}], "Tags": {"OneTag": 1}}
    snake = camel_dict_to_snake_dict(given, ignore_list=["Tags"])
    module.exit_json(
        snake=snake, camel=snake_dict_to_camel_dict(snake), pascal=snake_dict_to_camel_dict(snake, capitalize_first=True),
        reversible=camel_dict_to_snake_dict(given, reversible=True), merged=dict_merge({"a": {"b": 1}}, {"a": {"c": 2}}),
        different=recursive_diff({"a": 1, "b": {"c": 1}}, {"b": {"c": 2}}), same=recursive_diff({"a": 1}, {"a": 1}),
        versions=[LooseVersion("1.10") > "1.9", LooseVersion("1.0") >= LooseVersion("1.0a"), StrictVersion("1.0b1") < "1.0"],
        networks=[to_netmask(20), to_masklen("255.255.0.0"), to_subnet("192.0.2.17", 28)],
        sequences=[is_sequence("a"), is_sequence(["a"])], found=get_bin_path("sh").endswith("/sh"), bytes=human_to_bytes("2K"),
        types=[check_type_bytes("1K"), check_type_bits("1Kb"), check_type_int("3")], locale=bool(get_best_parsable_locale(module)),
        again=has_respawned(), url=urlparse(module.params["api_url"] or "").netloc, certificates=module.params["validate_certs"])


if __name__ == "__main__":
    main()
