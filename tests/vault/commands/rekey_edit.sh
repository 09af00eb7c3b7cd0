# Other passwords, other content.
printf 'first\n' >f
printf 'second\n' >g
ansible-vault encrypt --vault-password-file p1 f 2>/dev/null
ansible-vault encrypt --vault-id prod@p1 g 2>/dev/null
chmod 640 f g
step ansible-vault rekey --vault-password-file p1 --new-vault-id a@p2 --new-vault-password-file p2 f
step ansible-vault rekey --vault-password-file p2 --new-vault-password-file p1 f
step ansible-vault rekey --vault-password-file p1 --new-vault-password-file p2 f g
shown f g
step ansible-vault rekey --vault-password-file p2 --new-vault-id new@p1 f
shown f
export EDITOR="sed -i s/r/R/"
step ansible-vault edit --vault-password-file p1 f
head -1 f
step ansible-vault view --vault-password-file p1 f
stat -c '%a %n' f
step ansible-vault edit --vault-id other@p2 g
head -1 g
step ansible-vault create --vault-password-file p1 made
export EDITOR="cp p2"
step ansible-vault create --vault-password-file p1 --skip-tty-check made
shown made
step ansible-vault create --vault-password-file p1 --skip-tty-check made
step ansible-vault edit --vault-password-file p1 missing
