from ansible_collections.our.own.plugins.module_utils.words import double


class FilterModule(object):
    def filters(self):
        return {"double": double, "plus": lambda number, other: number + other}
