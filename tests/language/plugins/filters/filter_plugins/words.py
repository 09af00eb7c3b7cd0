"""Filters in several shapes: with arguments, failing, over one of Ansible's own names."""
import datetime

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_text


class Version:
    def __init__(self, text):
        self.parts = [int(part) for part in text.split(".")]

    def next(self):
        return ".".join(str(part) for part in self.parts[:-1] + [self.parts[-1] + 1])


def shout(text, mark="!", times=1):
    if not isinstance(text, str):
        raise AnsibleFilterError("shout takes text, not %s" % text)
    return to_text(text).upper() + mark * times


class FilterModule(object):
    def filters(self):
        return {
            "shout": shout,
            "given": lambda value, *more, **options: {"value": value, "more": more, "options": options},
            "upper": lambda text: "not %s" % text,
            "boom": lambda value: value["missing"],
            "version_of": Version,
            "next_of": lambda version: version.next(),
            "pair": lambda value: (value, value),
            "unique_set": lambda items: {one for one in items},
            "counted": lambda count: (number for number in range(count)),
            "as_keys": lambda items: {one: index for index, one in enumerate(items)},
            "template_of": lambda name: "{{ %s }}" % name,
            "huge": lambda number: number ** 40,
            "day": lambda text: datetime.datetime.strptime(text, "%Y-%m-%d"),
            "nothing": lambda value: None,
        }
