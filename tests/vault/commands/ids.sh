# Several passwords and their ids.
printf 'content\n' >f
step ansible-vault encrypt --vault-id a@p1 --vault-id b@p2 f
step ansible-vault encrypt --vault-id p1 --vault-id p2 f
step ansible-vault encrypt --vault-id a@p1 --vault-id b@p2 --encrypt-vault-id c f
step ansible-vault encrypt --vault-password-file p1 --encrypt-vault-id c f
step ansible-vault encrypt --vault-id a@p1 --vault-id b@p2 --encrypt-vault-id b f
head -1 f
step ansible-vault view --vault-id a@p1 --vault-id b@p2 f
step ansible-vault view --vault-id x@p1 --vault-id y@p2 f
step ansible-vault view --vault-id p2 f
step env ANSIBLE_VAULT_ID_MATCH=1 ansible-vault view --vault-id p2 f
step env ANSIBLE_VAULT_ID_MATCH=1 ansible-vault view --vault-id b@p2 f
step env ANSIBLE_VAULT_ID_MATCH=1 ansible-vault view --vault-id b@p1 f
step env ANSIBLE_VAULT_IDENTITY_LIST='a@p1, b@p2' ansible-vault view f
step env ANSIBLE_VAULT_PASSWORD_FILE=p2 ansible-vault view f
step env ANSIBLE_VAULT_PASSWORD_FILE=p2 ansible-vault view --vault-password-file p1 f
step env ANSIBLE_VAULT_PASSWORD_FILE=p1 ansible-vault encrypt_string --vault-password-file p2 x
step env ANSIBLE_VAULT_PASSWORD_FILE=p1 ansible-vault encrypt_string --vault-password-file p2 --encrypt-vault-id default x
step env ANSIBLE_VAULT_PASSWORD_FILE=p1 ansible-vault encrypt_string --vault-id x@p2 --encrypt-vault-id default x
step env ANSIBLE_VAULT_IDENTITY_LIST=p1 ansible-vault encrypt_string --vault-id p2 --encrypt-vault-id default x
step env ANSIBLE_VAULT_ENCRYPT_IDENTITY=b ansible-vault encrypt_string --vault-id a@p1 --vault-id b@p2 x
step env ANSIBLE_VAULT_IDENTITY=named ansible-vault encrypt_string --vault-password-file p1 x
