class FilterModule(object):
    def filters(self):
        return {"server_names": ", ".join}
