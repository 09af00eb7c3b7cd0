# shellcheck shell=bash
# What the machine must have: packages, and the container engine (podman where it is or can be installed, else docker).
# Sourced by hosts and s3, which set CACHE, and hosts also NETWORK and PREFIX.

say() { printf '%s\n' "$*" >&2; }
die() {
  say "${0##*/}: $1"
  shift
  for line in "$@"; do say "  $line"; done
  exit 1
}

# as_root COMMAND…: as it is for root, through sudo for others.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing COMMAND=PACKAGE…: installs the packages whose command (a name, or a full path) is not there.
install_missing() {
  local pair command missing=()
  for pair in "$@"; do
    command=${pair%%=*}
    case $command in
      /*) [ -e "$command" ] ;;
      *) command -v "$command" >/dev/null || [ -x "/usr/sbin/$command" ] ;;
    esac || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
  command -v apt-get >/dev/null || die "missing: $*" "install them with your system's package manager, then run this again"
  say "installing $*"
  as_root apt-get update -qq || die "apt-get update failed" "check this machine's network and /etc/apt"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >"$CACHE/apt.log" 2>&1 ||
    die "apt could not install $*" "its output is in $CACHE/apt.log"
}

# find_engine: sets ENGINE to podman or docker.
find_engine() {
  [ -n "${ENGINE:-}" ] && return
  if ! command -v podman >/dev/null && docker info >/dev/null 2>&1; then
    ENGINE=docker
    return
  fi
  install_missing podman=podman crun=crun /usr/lib/podman/netavark=netavark /usr/lib/podman/aardvark-dns=aardvark-dns \
    newuidmap=uidmap iptables=iptables ip=iproute2 ssh=openssh-client
  ENGINE=podman
  make_mount_namespace
}

# engine ARGS…: podman or docker with ARGS.
engine() {
  if [ "$ENGINE" = podman ] && mountpoint -q /sys/fs/cgroup/unified; then
    as_root nsenter --mount="$MOUNTS/namespace" podman "$@"
  else
    as_root "$ENGINE" "$@"
  fi
}

# crun refuses version 1 cgroups with a version 2 mount beside them. Without that mount it is content, so podman runs in
# a mount namespace of its own where it is gone. One namespace for all calls: podman's own mounts must outlive each call.
MOUNTS=/run/deploy-hosts
make_mount_namespace() {
  mountpoint -q /sys/fs/cgroup/unified || return 0
  as_root nsenter --mount="$MOUNTS/namespace" true 2>/dev/null && return
  exec 7>"$CACHE/namespace.lock"
  flock 7
  if ! as_root nsenter --mount="$MOUNTS/namespace" true 2>/dev/null; then
    as_root mkdir -p "$MOUNTS"
    # A namespace can be kept only on a private mount.
    mountpoint -q "$MOUNTS" || as_root mount --bind "$MOUNTS" "$MOUNTS"
    as_root mount --make-private "$MOUNTS"
    as_root touch "$MOUNTS/namespace"
    as_root unshare --mount="$MOUNTS/namespace" --propagation private umount /sys/fs/cgroup/unified
  fi
  exec 7>&-
}

# make_network: the bridge with the static addresses, once.
make_network() {
  engine network inspect "$NETWORK" >/dev/null 2>&1 && return
  engine network create --subnet "$PREFIX.0/24" --gateway "$PREFIX.1" "$NETWORK" >/dev/null ||
    die "cannot create the network $PREFIX.0/24" "if that range is taken here, choose another third number: SANDBOX=78 $0 …"
}

# remove_network: with what an engine that was killed leaves behind: the bridge, and podman's record of taken addresses.
remove_network() {
  local bridge
  engine network rm "$NETWORK" >/dev/null 2>&1 || true
  bridge=$(ip -o -4 addr show to "$PREFIX.1" | awk '{print $2}')
  [ -z "$bridge" ] || as_root ip link del "$bridge"
  if [ "$ENGINE" = podman ] && [ -z "$(engine ps -aq)" ]; then as_root rm -f /run/containers/networks/ipam.db; fi
}

# allow_inotify COUNT: room for COUNT containers, about seven instances each; running out harms the whole machine.
allow_inotify() {
  local now want=$(($1 * 8 + 64))
  now=$(</proc/sys/fs/inotify/max_user_instances)
  [ "$now" -ge "$want" ] || echo $((want * 2)) | as_root tee /proc/sys/fs/inotify/max_user_instances >/dev/null
}
