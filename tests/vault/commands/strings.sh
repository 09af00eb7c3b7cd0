# Single values.
step ansible-vault encrypt_string --vault-password-file p1 value
step ansible-vault encrypt_string --vault-password-file p1 one two
step ansible-vault encrypt_string --vault-password-file p1 --name a one -n b
step ansible-vault encrypt_string --vault-id x@p1 -n a -n b one two
printf 'read\n' | step ansible-vault encrypt_string --vault-password-file p1
printf 'read' | step ansible-vault encrypt_string --vault-password-file p1 --stdin-name name
printf 'read' | step ansible-vault encrypt_string --vault-password-file p1 -n a given --stdin-name name
printf 'read' | step ansible-vault encrypt_string --vault-password-file p1 -
step ansible-vault encrypt_string --vault-password-file p1 '' </dev/null
step ansible-vault encrypt_string --vault-password-file p1 </dev/null
step ansible-vault encrypt_string --vault-password-file p1 -n a value --output out
shown out
step ansible-vault encrypt_string --vault-password-file p1 -n a value --output -
