#!/bin/sh
if [ "$1" = --list ]; then
  echo '{"web": {"hosts": ["a", "b"], "vars": {"x": 1, "text": "ä/\u00e9\ud83d\ude00"}}, "db": ["c"], "solo": {"y": 2}, "p": {"children": ["web", "db"]}}'
else
  echo "{\"h\": \"$2\", \"big\": 1.5, \"null\": null}"
fi
