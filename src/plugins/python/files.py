# Files of the controller as plugins read them.

#: ansible.utils.path
import os


def unfrackpath(path, follow=True, basedir=None):
    path = os.path.expandvars(os.path.expanduser(str(path)))
    if not os.path.isabs(path):
        path = os.path.join(os.path.dirname(basedir) if basedir and os.path.isfile(basedir) else basedir or os.getcwd(), path)
    return os.path.realpath(path) if follow else os.path.normpath(path)


def makedirs_safe(path, mode=None):
    os.makedirs(unfrackpath(path), mode=0o777 if mode is None else mode, exist_ok=True)


def basedir(source):
    return source if os.path.isdir(source) else os.path.dirname(source) or os.getcwd()


#: ansible.parsing.dataloader
import os
import tempfile
import deploy_host
from ansible.errors import AnsibleFileNotFound, AnsibleParserError
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.utils.path import unfrackpath


class DataLoader:
    def __init__(self):
        self._made = []

    def get_basedir(self):
        folders = deploy_host.ask("folders")
        return folders[-1] if folders else os.getcwd()

    def set_basedir(self, folder):
        pass

    def path_dwim(self, given):
        given = os.path.expanduser(to_text(given))
        return os.path.normpath(given if os.path.isabs(given) else os.path.join(self.get_basedir(), given))

    def path_exists(self, path):
        return os.path.exists(self.path_dwim(path))

    def is_file(self, path):
        return os.path.isfile(self.path_dwim(path))

    def is_directory(self, path):
        return os.path.isdir(self.path_dwim(path))

    def list_directory(self, path):
        return os.listdir(self.path_dwim(path))

    def is_executable(self, path):
        return os.access(self.path_dwim(path), os.X_OK)

    def path_dwim_relative(self, path, dirname, source, is_role=False):
        return self.path_dwim_relative_stack([path], dirname, source, is_role)

    def path_dwim_relative_stack(self, paths, dirname, source, is_role=False):
        source, tried = os.path.expanduser(to_text(source)), []
        for folder in paths if not os.path.isabs(source) else [""]:
            tried += [os.path.join(folder, dirname or "", source), os.path.join(folder, source)]
        tried.append(self.path_dwim(source))
        for path in tried:
            if os.path.exists(path):
                return path
        raise AnsibleFileNotFound(file_name=source, paths=tried)

    def _get_file_contents(self, file_name):
        path = self.path_dwim(file_name)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            raise AnsibleFileNotFound(file_name=file_name)
        except OSError as error:
            raise AnsibleParserError("an error occurred while trying to read the file '%s': %s" % (path, error))
        if data.startswith(b"$ANSIBLE_VAULT;"):
            return to_bytes(deploy_host.ask("decrypt", to_text(data))), False
        return data, True

    def get_text_file_contents(self, file_name, encoding="utf-8"):
        return to_text(self._get_file_contents(file_name)[0], encoding)

    def load(self, data, file_name="<string>", show_content=True, json_only=False):
        return deploy_host.ask("yaml", to_text(data))

    def load_from_file(self, file_name, cache=True, unsafe=False, json_only=False, **more):
        return self.load(self._get_file_contents(file_name)[0])

    def get_real_file(self, file_path, decrypt=True):
        path = unfrackpath(self.path_dwim(file_path), follow=False)
        if not os.path.isfile(path):
            raise AnsibleFileNotFound(file_name=file_path)
        with open(path, "rb") as file:
            secret = file.read(15) == b"$ANSIBLE_VAULT;"
        if not decrypt or not secret:
            return path
        handle, made = tempfile.mkstemp()
        with os.fdopen(handle, "wb") as file:
            file.write(self._get_file_contents(path)[0])
        self._made.append(made)
        return made

    def cleanup_tmp_file(self, path):
        if path in self._made:
            os.unlink(path)
            self._made.remove(path)

    def cleanup_all_tmp_files(self):
        for path in list(self._made):
            self.cleanup_tmp_file(path)

    def __del__(self):
        for path in self._made:
            if os.path.exists(path):
                os.unlink(path)


#: ansible.parsing.splitter
import shlex


def parse_kv(args, check_raw=False):
    words, options = shlex.split(args or ""), {}
    rest = [word for word in words if "=" not in word]
    for word in words:
        name, sign, value = word.partition("=")
        if sign:
            options[name] = value
    if rest:
        options["_raw_params"] = " ".join(rest)
    return options


def split_args(args):
    return shlex.split(args, posix=False)
