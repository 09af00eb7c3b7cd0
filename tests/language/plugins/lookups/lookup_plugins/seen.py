from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        found = []
        for name in terms:
            found.append({
                "there": name in variables, "raw": variables.get(name, "none"), "rendered": self._templar.template(variables.get(name, "none")),
                "options": sorted(kwargs),
            })
        return found
