#!/bin/sh
echo 'a word on standard error' >&2
cat <<'END'
{"web": {"hosts": ["w1"], "vars": {"plain": "{{ x }}", "marked": {"__ansible_unsafe": "{{ x }}"}, "deep": [{"__ansible_unsafe": "u"}]}},
 "old": {"avar": "value", "marked": {"__ansible_unsafe": "u"}}, "listed": ["w2"], "empty": [],
 "_meta": {"profile": "inventory_legacy", "hostvars": {"w1": {"a": 1, "b": {"__ansible_unsafe": "{{ y }}"}}, "w3": {"a": 1}}}}
END
