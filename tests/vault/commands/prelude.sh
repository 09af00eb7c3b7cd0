# Begins every script here: passwords, a way to show a command's output and exit code, texts that are the same each time.
export ANSIBLE_VAULT_ENCRYPT_SALT=salt-for-tests ANSIBLE_NOCOLOR=1 ANSIBLE_CONFIG="$PWD/ansible.cfg"
: >ansible.cfg
printf 'one\n' >p1
printf 'two\n' >p2
step() {
  echo "\$ $*"
  "$@" 2>/dev/null
  echo "= $?"
}
shown() {
  stat -c '%a %n' "$@"
  cat "$@"
}
