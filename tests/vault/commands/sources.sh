# Where passwords come from: files that are encrypted, programs, files that are missing.
: >empty
printf 'secret\n' >f
step ansible-vault encrypt --vault-password-file empty f
step ansible-vault encrypt --vault-password-file missing f
step ansible-vault encrypt --vault-id a@missing --vault-id b@p1 f
head -1 f
step ansible-vault decrypt --vault-id a@missing --vault-id b@p1 f
printf '#!/bin/sh\necho one\n' >program
printf '#!/bin/sh\necho "$2" | grep -q prod && echo one\n' >keys-client
printf '#!/bin/sh\nexit 3\n' >broken
chmod +x program keys-client broken
step ansible-vault encrypt --vault-password-file program f
step ansible-vault view --vault-id ./program f
step ansible-vault view --vault-id prod@keys-client f
step ansible-vault view --vault-id test@keys-client f
step ansible-vault view --vault-password-file broken f
printf 'one\n' >inner
ansible-vault encrypt --vault-password-file p2 inner
step ansible-vault view --vault-id p2 --vault-id inner f
step ansible-vault view --vault-id inner f
printf 'one\n' | step setsid -w ansible-vault view --ask-vault-pass f
printf 'wrong\n' | step setsid -w ansible-vault view -J f
