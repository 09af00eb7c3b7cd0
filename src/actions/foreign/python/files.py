"""What modules do with files and programs."""
import grp
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time

from ansible.module_utils.common.text.converters import to_bytes, to_native


class Files:
    @property
    def tmpdir(self):
        if self._tmpdir is None:
            self._tmpdir = tempfile.mkdtemp(prefix="ansible-module-")
            self.cleanup_files.append(self._tmpdir)
        return self._tmpdir

    def add_cleanup_file(self, path):
        if path not in self.cleanup_files:
            self.cleanup_files.append(path)

    def do_cleanup_files(self):
        for path in self.cleanup_files:
            self.cleanup(path)

    def cleanup(self, path):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.lexists(path):
            os.unlink(path)

    def get_bin_path(self, arg, required=False, opt_dirs=None):
        folders = list(opt_dirs or []) + os.environ.get("PATH", "").split(os.pathsep) + ["/sbin", "/usr/sbin", "/usr/local/sbin"]
        if os.path.isabs(arg) and os.access(arg, os.X_OK):
            return arg
        for folder in folders:
            path = os.path.join(folder, arg)
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        if required:
            self.fail_json(msg="Failed to find required executable \"%s\" in paths: %s" % (arg, os.pathsep.join(folders)))
        return None

    def run_command(self, args, check_rc=False, close_fds=True, executable=None, data=None, binary_data=False, path_prefix=None, cwd=None,
                    use_unsafe_shell=False, prompt_regex=None, environ_update=None, umask=None, encoding="utf-8", errors="surrogateescape",
                    expand_user_and_vars=True, pass_fds=None, before_communicate_callback=None, ignore_invalid_cwd=True, handle_exceptions=True):
        shell = use_unsafe_shell
        if isinstance(args, (str, bytes)):
            text = to_native(args)
            if shell:
                args = text
            else:
                args = shlex.split(text)
        elif shell:
            args = " ".join(shlex.quote(to_native(one)) for one in args)
        if not shell:
            args = [to_native(one) for one in args]
            if expand_user_and_vars:
                args = [os.path.expanduser(os.path.expandvars(one)) for one in args]
        environment = dict(os.environ, **{name: to_native(value) for name, value in dict(self.run_command_environ_update, **(environ_update or {})).items()})
        if path_prefix:
            environment["PATH"] = path_prefix + os.pathsep + environment.get("PATH", "")
        if cwd is not None:
            cwd = os.path.abspath(os.path.expanduser(cwd))
            if not os.path.isdir(cwd):
                if not ignore_invalid_cwd:
                    self.fail_json(msg="Provided cwd is not a valid directory: %s" % cwd)
                cwd = None
        if data is not None and not binary_data:
            data = to_bytes(data) + b"\n"
        try:
            process = subprocess.Popen(args, shell=shell, executable=executable, stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=environment, close_fds=close_fds, pass_fds=pass_fds or (),
                                       preexec_fn=(lambda: os.umask(umask)) if umask is not None else None)
            if before_communicate_callback:
                before_communicate_callback(process)
            out, err = process.communicate(to_bytes(data) if data is not None else None)
        except OSError as error:
            if not handle_exceptions:
                raise
            self.fail_json(rc=error.errno, stdout="", stderr="", msg="Error executing command.", cmd=self._shown(args), exception=error)
        rc = process.returncode
        if encoding is not None:
            out, err = out.decode(encoding, errors), err.decode(encoding, errors)
        if check_rc and rc != 0:
            self.fail_json(cmd=self._shown(args), rc=rc, stdout=to_native(out), stderr=to_native(err), msg=to_native(err).rstrip())
        return rc, out, err

    def _shown(self, args):
        return self._without_secrets(args if isinstance(args, str) else " ".join(args))

    def digest_from_file(self, filename, algorithm):
        if not os.path.exists(filename):
            return None
        digest = algorithm if hasattr(algorithm, "update") else hashlib.new(algorithm)
        with open(filename, "rb") as file:
            for block in iter(lambda: file.read(1 << 16), b""):
                digest.update(block)
        return digest.hexdigest()

    def md5(self, filename):
        return self.digest_from_file(filename, "md5")

    def sha1(self, filename):
        return self.digest_from_file(filename, "sha1")

    def sha256(self, filename):
        return self.digest_from_file(filename, "sha256")

    def backup_local(self, path):
        if not os.path.exists(path):
            return ""
        backup = "%s.%d.%s~" % (path, os.getpid(), time.strftime("%Y-%m-%d@%H:%M:%S~", time.localtime()))
        self.preserved_copy(path, backup)
        return backup

    def preserved_copy(self, src, dest):
        shutil.copy2(src, dest)
        meta = os.stat(src)
        try:
            os.chown(dest, meta.st_uid, meta.st_gid)
        except PermissionError:
            pass

    def atomic_move(self, src, dest, unsafe_writes=False, keep_dest_attrs=True):
        existing = os.stat(dest) if os.path.exists(dest) else None
        folder = os.path.dirname(os.path.abspath(dest))
        try:
            handle, beside = tempfile.mkstemp(prefix=".ansible_tmp", dir=folder, suffix=os.path.basename(dest))
            os.close(handle)
            shutil.copyfile(src, beside)
            if existing is not None and keep_dest_attrs:
                os.chmod(beside, stat.S_IMODE(existing.st_mode))
                try:
                    os.chown(beside, existing.st_uid, existing.st_gid)
                except PermissionError:
                    pass
            else:
                mask = os.umask(0)
                os.umask(mask)
                os.chmod(beside, 0o666 & ~mask)
            os.rename(beside, dest)
        except OSError as error:
            self.fail_json(msg="Could not replace file: %s to %s: %s" % (src, dest, error), exception=error)
        if os.path.exists(src):
            os.unlink(src)

    def load_file_common_arguments(self, params, path=None):
        path = path or params.get("path") or params.get("dest")
        if path is None:
            return {}
        return dict(path=os.path.expanduser(path), mode=params.get("mode"), owner=params.get("owner"), group=params.get("group"),
                    attributes=params.get("attributes"), secontext=[None] * 4)

    def user_and_group(self, path, expand=True):
        meta = os.lstat(os.path.expanduser(path) if expand else path)
        return meta.st_uid, meta.st_gid

    def set_fs_attributes_if_different(self, file_args, changed, diff=None, expand=True):
        path = file_args["path"]
        changed = self.set_owner_if_different(path, file_args.get("owner"), changed, diff, expand)
        changed = self.set_group_if_different(path, file_args.get("group"), changed, diff, expand)
        return self.set_mode_if_different(path, file_args.get("mode"), changed, diff, expand)

    set_file_attributes_if_different = set_fs_attributes_if_different
    set_directory_attributes_if_different = set_fs_attributes_if_different

    def set_owner_if_different(self, path, owner, changed, diff=None, expand=True):
        return self._own(path, owner, pwd.getpwnam, "pw_uid", 0, "owner", changed, diff)

    def set_group_if_different(self, path, group, changed, diff=None, expand=True):
        return self._own(path, group, grp.getgrnam, "gr_gid", 1, "group", changed, diff)

    def _own(self, path, wanted, find, field, place, word, changed, diff):
        if wanted is None:
            return changed
        try:
            number = int(wanted)
        except ValueError:
            try:
                number = getattr(find(wanted), field)
            except KeyError:
                self.fail_json(path=path, msg="chown failed: failed to look up %s %s" % ("user" if place == 0 else "group", wanted))
        have = self.user_and_group(path)[place]
        if have == number:
            return changed
        if diff is not None:
            diff.setdefault("before", {})[word] = have
            diff.setdefault("after", {})[word] = number
        if not self.check_mode:
            os.lchown(path, number if place == 0 else -1, number if place == 1 else -1)
        return True

    def set_mode_if_different(self, path, mode, changed, diff=None, expand=True):
        if mode is None or (os.path.islink(path) and not os.path.exists(path)):
            return changed
        have = stat.S_IMODE(os.stat(path).st_mode)
        try:
            wanted = mode if isinstance(mode, int) else int(str(mode), 8)
        except ValueError:
            wanted = self._symbolic(path, have, mode)
        if have == wanted:
            return changed
        if diff is not None:
            diff.setdefault("before", {})["mode"] = "0%03o" % have
            diff.setdefault("after", {})["mode"] = "0%03o" % wanted
        if not self.check_mode:
            os.chmod(path, wanted)
        return True

    def _symbolic(self, path, have, text):
        bits = have
        for clause in text.split(","):
            found = re.match(r"^([ugoa]*)([-+=])([rwxXst]*)$", clause)
            if not found:
                self.fail_json(path=path, msg="mode must be in octal or symbolic form", details=clause)
            who, sign, letters = found.groups()
            mask = 0
            for one in (who or "a").replace("a", "ugo"):
                shift = {"u": 6, "g": 3, "o": 0}[one]
                for letter in letters:
                    if letter == "X" and not (os.path.isdir(path) or have & 0o111):
                        continue
                    mask |= {"r": 4, "w": 2, "x": 1, "X": 1}.get(letter, 0) << shift
                    mask |= {("s", "u"): 0o4000, ("s", "g"): 0o2000, ("t", "o"): 0o1000}.get((letter, one), 0)
                if sign == "=":
                    bits &= ~(7 << shift)
            bits = bits & ~mask if sign == "-" else bits | mask
        return bits

    def is_special_selinux_path(self, path):
        return False, None

    def selinux_enabled(self):
        return False
