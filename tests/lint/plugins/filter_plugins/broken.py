import no_such_package_anywhere


class FilterModule(object):
    def filters(self):
        return {"from_far": no_such_package_anywhere.read}
