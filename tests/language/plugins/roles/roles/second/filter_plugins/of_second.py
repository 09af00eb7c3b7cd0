class FilterModule(object):
    def filters(self):
        return {"of_second": lambda value: "second %s" % value, "shared": lambda value: "shared by second"}
