from ..module_utils.words import double


class FilterModule(object):
    def filters(self):
        return {"near": double}
