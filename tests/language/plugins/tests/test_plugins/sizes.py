class TestModule(object):
    def tests(self):
        return {"small": lambda number, limit=5: number < limit, "even": lambda number: False, "named": lambda thing, **wanted: thing == wanted}
