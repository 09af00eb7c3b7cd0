class FilterModule(object):
    def filters(self):
        return {"reverse_text": lambda text: text[::-1]}
