DOCUMENTATION = "module: gather_words"
