# shellcheck shell=bash
# Faults for tests: each takes a host and has its undoing. Sourced by hosts.

# in_network NAME COMMAND…: COMMAND of this machine in the network of the host; the host needs no such tool.
in_network() {
  local pid
  pid=$(engine inspect --format '{{.State.Pid}}' "$(container "$1")")
  as_root nsenter -t "$pid" -n "${@:2}"
}

# fault_delay NAME DELAY|off: every packet leaves the host that much later, e.g. 100ms.
fault_delay() {
  if [ "${2:-}" = off ]; then
    in_network "$1" tc qdisc del dev eth0 root 2>/dev/null || true
  else
    in_network "$1" tc qdisc replace dev eth0 root netem delay "${2:?a delay such as 100ms, or off}" ||
      die "this machine's kernel cannot delay packets" "it lacks sch_netem (modprobe sch_netem, or a kernel that has it)"
  fi
}

# fault_block NAME PORT [off]: packets to PORT of the host vanish, as behind a firewall.
fault_block() {
  local port=${2:?a port}
  in_network "$1" iptables -D INPUT -p tcp --dport "$port" -j DROP 2>/dev/null || true
  [ "${3:-}" = off ] || in_network "$1" iptables -I INPUT -p tcp --dport "$port" -j DROP
}

# fault_small_disk NAME FOLDER [SIZE|off]: a disk of SIZE (default 1m) over FOLDER, so that it is soon full.
fault_small_disk() {
  local folder=${2:?a folder}
  if [ "${3:-}" = off ]; then
    engine exec "$(container "$1")" umount "$folder"
  else
    engine exec "$(container "$1")" sh -c \
      "mkdir -p '$folder' && mount -t tmpfs -o size=${3:-1m},mode=\$(stat -c %a '$folder'),uid=\$(stat -c %u '$folder'),gid=\$(stat -c %g '$folder') tmpfs '$folder'"
  fi
}
