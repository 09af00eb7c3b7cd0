class TestModule(object):
    def tests(self):
        return {"long": lambda text: len(text) > 3}
