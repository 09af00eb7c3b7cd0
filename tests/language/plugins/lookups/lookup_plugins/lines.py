from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        path = self.find_file_in_search_path(variables, "files", terms[0])
        with open(path) as file:
            return [line.strip() for line in file]
