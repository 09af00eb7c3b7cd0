class FilterModule(object):
    def filters(self):
        return {"far": lambda value: "far %s" % value}
