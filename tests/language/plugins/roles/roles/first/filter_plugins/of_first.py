class FilterModule(object):
    def filters(self):
        return {"of_first": lambda value: "first %s" % value, "shared": lambda value: "shared by first"}
