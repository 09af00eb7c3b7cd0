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

# fault_small_disk NAME FOLDER [ROOM|off]: FOLDER moves to a disk with ROOM left (default 1m), so that it is soon full. What is
# in it stays readable; what runs from it runs on.
fault_small_disk() {
  local folder=${2:?a folder}
  if [ "${3:-}" = off ]; then
    engine exec "$(container "$1")" umount -l "$folder"
  else
    engine exec -i "$(container "$1")" sh -es "$folder" "$(numfmt --from=iec "$(tr kmg KMG <<<"${3:-1m}")")" <<'SCRIPT'
mkdir -p "$1" /run/small-disk
mount -t tmpfs -o "mode=$(stat -c %a "$1"),uid=$(stat -c %u "$1"),gid=$(stat -c %g "$1")" tmpfs /run/small-disk
cp -a "$1/." /run/small-disk/
mount -o "remount,size=$(($(df --output=used -B1 /run/small-disk | tail -n 1) + $2))" /run/small-disk
mount --bind /run/small-disk "$1"
umount /run/small-disk
SCRIPT
  fi
}
