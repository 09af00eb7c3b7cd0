# shellcheck shell=bash
# One host: its address, keys, start, readiness. Sourced by hosts.

NAMED=(web-1 web-2 api-1 worker-1 db-1 es-1 lb-1 pangu-1)
POOL=(host-1 host-2 host-3 host-4 host-5 host-6 host-7 host-8 host-9 host-10)

# address NAME: static, so that inventories/sandbox is a plain file.
address() {
  case $1 in
    web-1) echo "$PREFIX.11" ;;
    web-2) echo "$PREFIX.12" ;;
    api-1) echo "$PREFIX.21" ;;
    worker-1) echo "$PREFIX.31" ;;
    db-1) echo "$PREFIX.41" ;;
    es-1) echo "$PREFIX.51" ;;
    lb-1) echo "$PREFIX.61" ;;
    pangu-1) echo "$PREFIX.71" ;;
    host-[1-9] | host-10) echo "$PREFIX.$((100 + ${1#host-}))" ;;
    *) die "no host is called $1" "there are: ${NAMED[*]} host-1 … host-10" ;;
  esac
}

container() { echo "sandbox$SANDBOX-$1"; }

# make_keys: the key that logs in, a host key for each host, and the ssh configuration that uses them; once.
make_keys() {
  # shellcheck disable=SC2153  # set by hosts
  local name keys=$STATE/hostkeys
  grep -qsF "Host $PREFIX.*" "$STATE/ssh_config" && return
  mkdir -p "$keys"
  chmod 700 "$STATE"
  [ -e "$STATE/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C sandbox -f "$STATE/id_ed25519"
  : >"$STATE/known_hosts"
  for name in "${NAMED[@]}" "${POOL[@]}"; do
    mkdir -p "$keys/$name"
    [ -e "$keys/$name/ssh_host_ed25519_key" ] || ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$keys/$name/ssh_host_ed25519_key"
    cp "$STATE/id_ed25519.pub" "$keys/$name/authorized_keys"
    echo "$name,$(address "$name") $(cut -d' ' -f1,2 "$keys/$name/ssh_host_ed25519_key.pub")" >>"$STATE/known_hosts"
  done
  {
    for name in "${NAMED[@]}" "${POOL[@]}"; do
      printf 'Host %s\n  HostName %s\n' "$name" "$(address "$name")"
    done
    # Host keys are checked as in production: only these keys, and no question.
    cat <<CONFIG
Host $PREFIX.* ${NAMED[*]} ${POOL[*]}
  User deploy
  IdentityFile "$STATE/id_ed25519"
  IdentitiesOnly yes
  UserKnownHostsFile "$STATE/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
CONFIG
  } >"$STATE/ssh_config.new"
  mv "$STATE/ssh_config.new" "$STATE/ssh_config"
}

# link_state: .sandbox in the checkout leads to the keys of inventories/sandbox; git ignores it.
link_state() {
  [ "$SANDBOX" = 77 ] || return 0
  [ "$(readlink "$CHECKOUT/.sandbox" 2>/dev/null)" = "$STATE" ] || ln -sfn "$STATE" "$CHECKOUT/.sandbox"
}

# stamp IMAGE: what a container must have been made from to be used as it is.
stamp() { cat "$STATE/id_ed25519.pub" "$STATE/known_hosts" - <<<"$1" | sha256sum | cut -c1-16; }

# start_host NAME IMAGE: creates it, gives it its keys, starts it.
start_host() {
  local name=$1 image=$2 other options=()
  if [ "$ENGINE" = podman ]; then
    options=(--systemd=always)
  else
    options=(--cgroupns=private --tmpfs /run --tmpfs /run/lock --stop-signal SIGRTMIN+3)
  fi
  for other in "${NAMED[@]}"; do
    [ "$other" = "$name" ] || options+=(--add-host "$other:$(address "$other")")
  done
  engine rm -f "$(container "$name")" >/dev/null 2>&1 || true
  engine create --name "$(container "$name")" --hostname "$name" --network "$NETWORK" --ip "$(address "$name")" \
    --label "sandbox=$SANDBOX" --label "stamp=$(stamp "$image")" "${LIMITS[@]}" --privileged "${options[@]}" \
    "$image" /sbin/init >/dev/null
  tar -C "$STATE/hostkeys/$name" --owner=0 --group=0 --transform 's,^\.,sandbox,' -c . |
    engine cp - "$(container "$name"):/etc/ssh" >/dev/null
  engine start "$(container "$name")" >/dev/null
}

# sshd_greets NAME: whether something answers as an ssh server at its address now.
sshd_greets() {
  local greeting=''
  { read -r -t 5 greeting <"/dev/tcp/$(address "$1")/22"; } 2>/dev/null && [[ $greeting == SSH-* ]]
}

# wait_for_host NAME: until sshd greets and systemd has nothing left to start, one minute at most.
wait_for_host() {
  local name=$1 state tries=0
  until sshd_greets "$name"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || die "$name does not answer on $(address "$name"):22" "see: $0 exec $name journalctl -b"
    sleep 0.2
  done
  state=$(engine exec "$(container "$name")" systemctl is-system-running --wait) || true
  case $state in
    running) ;;
    degraded) say "$name: some units failed, see: $0 exec $name systemctl --failed" ;;
    *) die "$name: systemd says '$state'" "see: $0 exec $name journalctl -b" ;;
  esac
}
