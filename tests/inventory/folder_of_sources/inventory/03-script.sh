#!/bin/sh
echo '{"extra": {"hosts": ["s1"], "vars": {"x": 1}}, "site": {"children": ["extra"]}, "_meta": {"hostvars": {"s1": {"y": [1, 2]}, "w2": {"from": "script"}}}}'
