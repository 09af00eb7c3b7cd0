# Files in place, in other places, through standard input and output.
printf 'plain: text\n' >f
printf 'no newline at the end' >g
chmod 640 f g
step ansible-vault encrypt --vault-password-file p1 f g
shown f g
step ansible-vault encrypt --vault-password-file p1 f
step ansible-vault view --vault-password-file p1 f g
step ansible-vault view --vault-password-file p2 f
step ansible-vault decrypt --vault-password-file p1 --output h f
shown h
step ansible-vault decrypt --vault-password-file p1 --output - f
step ansible-vault decrypt --vault-password-file p1 --output=- <f
step ansible-vault decrypt --vault-password-file p1 --output h f g
step ansible-vault decrypt --vault-password-file p1 h
step ansible-vault view --vault-password-file p1 missing
chmod 644 f
step ansible-vault decrypt --vault-password-file p1 f g
shown f
printf 'in\n' | step ansible-vault encrypt --vault-password-file p1
printf 'in\n' | step ansible-vault encrypt --vault-password-file p1 -
printf 'in\n' | step ansible-vault encrypt --vault-password-file p1 --output out
shown out
ln -s f link
step ansible-vault encrypt --vault-password-file p1 link
stat -c '%F %a %n' link f
step ansible-vault
step ansible-vault nonsense
