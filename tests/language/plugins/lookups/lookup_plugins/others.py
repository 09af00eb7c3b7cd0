from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        hosts = variables["hostvars"]
        return [sorted(hosts), hosts["b"]["colour"], hosts["b"].get("missing", "none"), "colour" in hosts["c"], "d" in hosts,
                variables["groups"]["first"], "templated" in dict(variables), sorted(kwargs["given"])]
