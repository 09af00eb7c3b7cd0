# shellcheck shell=bash
# The images: base (a Debian with systemd, sshd and no Python) and python (the same with Python, for Ansible). Sourced by hosts.

# image_name base|python: the tag holds the hash of all that goes in, so a change of it builds anew.
image_name() {
  local hash
  hash=$(cat "$HERE"/image/* /usr/local/share/ca-certificates/*.crt 2>/dev/null | sha256sum | cut -c1-12)
  echo "localhost/deploy-host-$1:$hash"
}

# ensure_image base|python: builds it where it is not there. One builder at a time.
ensure_image() {
  local name
  name=$(image_name "$1")
  engine image inspect "$name" >/dev/null 2>&1 && return
  exec 8>"$CACHE/build.lock"
  flock 8
  if ! engine image inspect "$name" >/dev/null 2>&1; then
    "build_$1" "$name"
    remove_older "$name"
  fi
  exec 8>&-
}

# remove_older NAME: the images that NAME replaces, unless hosts still run from them.
remove_older() {
  local old
  for old in $(engine images --format '{{.Repository}}:{{.Tag}}' | grep "^${1%:*}:" | grep -vxF "$1"); do
    engine rmi "$old" >/dev/null 2>&1 || true
  done
}

build_base() {
  local work log=$CACHE/image.log
  work=$(mktemp -d "$CACHE/build.XXXXXX")
  # shellcheck disable=SC2064  # the value of now is meant
  trap "rm -rf '$work'" EXIT
  cp -r "$HERE"/image/. "$work"
  mkdir -p "$work/ca"
  # A machine behind a proxy that inspects TLS has certificate authorities of its own; the hosts need them too.
  cp /usr/local/share/ca-certificates/*.crt "$work/ca/" 2>/dev/null || true

  if grep -qs '^ID=debian' /etc/os-release; then
    install_missing mmdebstrap=mmdebstrap
    say "building the hosts' image, once, about a minute"
    # shellcheck disable=SC2016  # "$1" in a hook is mmdebstrap's: the root file system
    (
      cd "$work"
      as_root mmdebstrap --variant=minbase --include="$(grep -v '^#' packages | paste -sd,)" \
        --aptopt='Acquire::Languages "none"' --skip=cleanup/apt/lists --skip=cleanup/apt/cache \
        --customize-hook='copy-in prefetch /tmp' \
        --customize-hook='upload customize /tmp/customize' \
        --customize-hook='mkdir -p "$1/usr/local/share/ca-certificates"' \
        --customize-hook='sync-in ca /usr/local/share/ca-certificates' \
        --customize-hook='chroot "$1" bash /tmp/customize' \
        --customize-hook='rm "$1/tmp/customize"' \
        bookworm base.tar
    ) >"$log" 2>&1 || die "mmdebstrap failed" "its output is in $log"
    engine import "$work/base.tar" "$1" >"$log" 2>&1 || die "the image could not be imported" "see $log"
  else
    say "building the hosts' image from debian:bookworm, once"
    engine build -t "$1" -f "$work/Containerfile" "$work" >"$log" 2>&1 || die "the image could not be built" "see $log"
  fi
  rm -rf "$work"
}

build_python() {
  local base name="deploy-build-$$"
  ensure_base_for_python
  base=$(image_name base)
  say "building the variant with Python, once"
  if engine run --name "$name" "${LIMITS[@]}" "$base" sh -c \
    'DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-apt' >"$CACHE/image.log" 2>&1; then
    engine commit -q "$name" "$1" >/dev/null
  else
    engine rm -f "$name" >/dev/null
    die "Python could not be installed into the image" "see $CACHE/image.log"
  fi
  engine rm -f "$name" >/dev/null
}

# The lock is already held here.
ensure_base_for_python() {
  engine image inspect "$(image_name base)" >/dev/null 2>&1 || build_base "$(image_name base)"
}
