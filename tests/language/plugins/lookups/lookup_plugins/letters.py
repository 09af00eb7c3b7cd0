"""Options as the documentation says, terms, variables, files."""
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

DOCUMENTATION = """
name: letters
short_description: letters
options:
  _terms:
    description: words
  count:
    description: how many
    type: int
    default: 2
  ending:
    description: what comes after
    type: str
    vars:
      - name: letters_ending
"""


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        Display().vvv("not shown")
        found = []
        for term in terms:
            if not isinstance(term, str):
                raise AnsibleError("letters takes words")
            found.append(term[: self.get_option("count")] + (self.get_option("ending") or ""))
        return found
