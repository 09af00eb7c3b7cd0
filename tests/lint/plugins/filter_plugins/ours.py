class FilterModule(object):
    def filters(self):
        return {"to_nginx_bytes": lambda size: "%sk" % (size // 1024)}
