#!/usr/bin/env python3
"""Runs the case folders of this directory through ansible-core and writes down what came of them.

    python3 -m venv /tmp/ansible && /tmp/ansible/bin/pip install ansible-core
    sudo /tmp/ansible/bin/python tests/modules/record.py [MODULE[/CASE] ...]

Each case (tests/modules.rs says what it is made of) runs three times on this machine, below a scratch folder that stands in for
/srv: in check mode, for real, and again. `ansible.json` in the case's folder then holds, for the check run and the real one, what
the task returned, for the real one what lay in the folder afterwards, and whether the third run changed anything. `differs` lists
where our own result.json, check.json and after/ say something else; a new line there is either a fault of ours or a choice to be
proud of. Cases that are about commands, web servers or ports are left out: their hosts are made up.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = "blockinfile copy file find lineinfile ping replace slurp stat tempfile".split()
MOMENT = 1767225600

# What no two runs have in common, or what only one of the two programs returns by design.
VOLATILE = {"atime", "ctime", "inode", "dev", "start", "end", "delta", "backup_file", "blocks", "block_size", "device_type"}
OURS_ONLY = {"argument", "diff", "warnings"}
THEIRS_ONLY = {"diff", "warnings", "invocation", "exception", "stdout_lines", "stderr_lines", "deprecations"}

CALLBACK = '''
from ansible.plugins.callback import CallbackBase
import json, os, sys

class CallbackModule(CallbackBase):
    """One line of JSON a task, with the folder as the task left it."""
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "record"

    def note(self, kind, result):
        sys.path.insert(0, os.environ["RECORD_HERE"])
        from record import tree
        name = result._task.name
        with open(os.environ["RECORD_OUT"], "a") as out:
            line = {"name": name, "kind": kind, "result": result._result, "after": tree(name.split("|")[1])}
            out.write(json.dumps(line, default=str) + "\\n")

    def v2_runner_on_ok(self, result): self.note("ok", result)
    def v2_runner_on_failed(self, result, ignore_errors=False): self.note("failed", result)
    def v2_runner_on_skipped(self, result): self.note("skipped", result)
'''


def tree(root):
    """Everything below a folder: kind, mode, owner, and what it holds."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            meta = os.lstat(path)
            told = f"{stat.S_IMODE(meta.st_mode):04o} {meta.st_uid}:{meta.st_gid}"
            if stat.S_ISLNK(meta.st_mode):
                told = f"link {meta.st_uid}:{meta.st_gid} {os.readlink(path)}"
            elif stat.S_ISDIR(meta.st_mode):
                told = f"folder {told}"
            else:
                with open(path, "rb") as file:
                    told = f"file {told} {file.read().decode('latin-1')}"
            found["/" + os.path.relpath(path, root)] = told
    return found


def lay(case, part, root):
    """Copies before/srv or after/srv to `root`, with the facts of its .yml."""
    shutil.rmtree(root, ignore_errors=True)
    source = os.path.join(case, part, "srv")
    if os.path.isdir(source):
        shutil.copytree(source, root, symlinks=True)
    else:
        os.makedirs(root)
    for folder, folders, files in os.walk(root):
        for name in files + folders:
            path = os.path.join(folder, name)
            if name == ".gitkeep":
                os.remove(path)
            elif os.path.islink(path):
                os.lchown(path, 0, 0)
            else:
                plain = 0o644 if os.path.isfile(path) and not os.stat(path).st_mode & 0o100 else 0o755
                os.chown(path, 0, 0)
                os.chmod(path, plain)
                os.utime(path, (MOMENT, MOMENT))
    facts = {}
    for name in ["before.yml", "after.yml"] if part == "after" else ["before.yml"]:
        facts.update(read_yaml(os.path.join(case, name)) or {})
    for name, fact in facts.items():
        path = os.path.join(root, os.path.relpath(name, "/srv"))
        if not name.startswith("/srv") or not os.path.lexists(path):
            continue
        if "uid" in fact or "gid" in fact:
            os.lchown(path, fact.get("uid", 0), fact.get("gid", 0))
        if "mode" in fact and not os.path.islink(path):
            os.chmod(path, int(fact["mode"], 8))
        if "mtime" in fact and not os.path.islink(path):
            os.utime(path, (fact["mtime"], fact["mtime"]))


def read_yaml(path):
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return yaml.safe_load(file)


def read_json(path):
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def arguments(case, root, scratch):
    """The task's arguments as a user of Ansible writes them: blobs become files of the controller."""
    task = json.loads(json.dumps(read_yaml(os.path.join(case, "task.yml")) or {}).replace("/srv", root))
    blob = lambda item: os.path.join(case, "blobs", str(item["blob"]))
    if "_blob" in task:
        path = os.path.join(scratch, os.path.basename(task["src"]))
        shutil.copyfile(blob(task.pop("_blob")), path)
        os.chmod(path, int(task.pop("_mode", "0644"), 8))
        task["src"] = path
    if "_files" in task:
        folder = os.path.join(scratch, os.path.basename(task["src"].rstrip("/")))
        os.makedirs(folder)
        for item in task.pop("_files"):
            path = os.path.join(folder, item["path"])
            if "blob" in item:
                shutil.copyfile(os.path.join(case, "blobs", str(item["blob"])), path)
            elif "link" in item:
                os.symlink(item["link"], path)
            else:
                os.makedirs(path)
            if "mode" in item:
                os.chmod(path, int(item["mode"], 8))
        task["src"] = folder + ("/" if task["src"].endswith("/") else "")
    return task


def cases(wanted):
    for module in MODULES:
        for case in sorted(os.listdir(os.path.join(HERE, module))):
            name = f"{module}/{case}"
            folder = os.path.join(HERE, name)
            host = read_yaml(os.path.join(folder, "commands.yml")) or {}
            made_up = set(host) & {"commands", "requests", "ports", "which", "env", "uid"}
            if not made_up and (not wanted or any(name == w or module == w for w in wanted)):
                yield module, name, folder


def perform(wanted):
    """Case name to outcomes by run."""
    scratch = tempfile.mkdtemp(prefix="record-")
    os.makedirs(f"{scratch}/callbacks")
    with open(f"{scratch}/callbacks/record_callback.py", "w") as file:
        file.write(CALLBACK)
    tasks = []
    for module, name, folder in cases(wanted):
        key = name.replace("/", "-")
        for run in ["check", "run", "again"]:
            root = f"{scratch}/{'check' if run == 'check' else 'run'}/{key}/srv"
            if run != "again":
                lay(folder, "before", root)
            controller = f"{scratch}/controller/{key}-{run}"
            os.makedirs(controller)
            task = arguments(folder, root, controller)
            free = task.pop("_raw_params", None)
            tasks.append({
                "name": f"{name} {run}|{root}", module: task if free is None else free, "ignore_errors": True,
                "diff": True, "check_mode": run == "check",
            })
    with open(f"{scratch}/play.yml", "w") as file:
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], file, sort_keys=False)
    environment = {
        **os.environ, "ANSIBLE_CALLBACK_PLUGINS": f"{scratch}/callbacks", "ANSIBLE_STDOUT_CALLBACK": "record_callback",
        "ANSIBLE_PIPELINING": "1", "RECORD_OUT": f"{scratch}/out", "RECORD_HERE": HERE, "ANSIBLE_LOCALHOST_WARNING": "0",
    }
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    told = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", f"{scratch}/play.yml"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, umask=0o022, cwd=scratch,
    )
    if not os.path.exists(f"{scratch}/out"):
        sys.exit(told.stdout + told.stderr)
    found = {}
    with open(f"{scratch}/out") as file:
        for line in map(json.loads, file):
            name, root = line["name"].split("|")
            name, run = name.rsplit(" ", 1)
            found.setdefault(name, {})[run] = settle(line, root, scratch)
    shutil.rmtree(scratch)
    return found


def settle(line, root, scratch):
    """The outcome without what changes from run to run, and with /srv for the scratch folder."""
    result = {name: value for name, value in line["result"].items() if not name.startswith("_ansible") and name != "invocation"}
    text = json.dumps({"kind": line["kind"], "result": result, "after": line["after"]}).replace(root, "/srv")
    text = re.sub(re.escape(scratch) + r"/controller/[^/\"]*", "/controller", text)
    text = re.sub(r"/root/\.ansible/tmp/[^\"]*", "*", text)
    text = re.sub(r"\.\d+\.\d{4}-\d\d-\d\d@[\d:]+~", ".*~", text)
    settled = json.loads(text)

    def star(value):
        if isinstance(value, dict):
            return {k: "*" if k in VOLATILE and value[k] is not None else star(v) for k, v in value.items()}
        return [star(item) for item in value] if isinstance(value, list) else value

    settled["result"] = star(settled["result"])
    for side in ["before", "after"]:
        if isinstance(settled["result"].get("diff"), dict):
            for name in ["atime", "mtime"]:
                if name in (settled["result"]["diff"].get(side) or {}):
                    settled["result"]["diff"][side][name] = "*"
    return settled


def differences(folder, outcome):
    """Where our own recorded results say something else."""
    said = []
    ours = read_json(os.path.join(folder, "result.json")) or {}
    theirs = outcome["run"]
    said += compare("", ours, theirs["result"], theirs["kind"])
    check = read_json(os.path.join(folder, "check.json")) or ours
    foreseen = outcome["check"]
    if foreseen["kind"] != "skipped" and bool(check.get("changed")) != bool(foreseen["result"].get("changed")):
        said.append(f"check: changed is {check.get('changed')} here, {foreseen['result'].get('changed')} there")
    if bool(check.get("failed")) != (foreseen["kind"] == "failed"):
        said.append(f"check: failed is {bool(check.get('failed'))} here, {foreseen['kind'] == 'failed'} there")
    with tempfile.TemporaryDirectory() as scratch:
        part = "after" if os.path.isdir(os.path.join(folder, "after")) else "before"
        lay(folder, part, f"{scratch}/srv")
        mine = tree(f"{scratch}/srv")
    yours = theirs["after"]
    for path in sorted(set(mine) | set(yours)):
        backup = re.sub(r"\.\d+\.\d{4}.*~$", ".*~", path)
        if mine.get(path) != yours.get(path) and backup == path and "*" not in path:
            said.append(f"after: {path} is {mine.get(path)!r} here, {yours.get(path)!r} there")
    return said


def compare(at, ours, theirs, kind):
    said = []
    if bool(ours.get("failed")) != (kind == "failed"):
        return [f"failed is {bool(ours.get('failed'))} here, {kind == 'failed'} there"]
    if bool(ours.get("changed")) != bool(theirs.get("changed")):
        said.append(f"changed is {ours.get('changed')} here, {theirs.get('changed')} there")
    for name in sorted(set(theirs) - THEIRS_ONLY - {"changed", "failed"}):
        mine, yours = ours.get(name), theirs[name]
        if name not in ours:
            said.append(f"{name} is missing here, {json.dumps(yours)[:200]} there")
        elif "*" in (mine, yours) or mine == yours or (name == "msg" and kind == "failed"):
            pass
        elif not (isinstance(yours, (dict, list)) and same(mine, yours)):
            said.append(f"{name} is {json.dumps(mine)[:200]} here, {json.dumps(yours)[:200]} there")
    return said


def same(mine, yours):
    """Equal but for what is volatile, the sizes of folders, and the order of files that were found."""
    if isinstance(mine, dict) and isinstance(yours, dict):
        keys = (set(mine) | set(yours)) - VOLATILE - {"mtime", "size", "version", "nlink", "attr_flags", "attributes"}
        return all(same(mine.get(key), yours.get(key)) for key in keys)
    if isinstance(mine, list) and isinstance(yours, list):
        by = lambda item: str(item.get("path")) if isinstance(item, dict) else str(item)
        return len(mine) == len(yours) and all(same(m, y) for m, y in zip(sorted(mine, key=by), sorted(yours, key=by)))
    return mine == yours or "*" in (mine, yours)


def main():
    found = perform(sys.argv[1:])
    for name, outcome in found.items():
        folder = os.path.join(HERE, name)
        said = differences(folder, outcome)
        record = {
            "check": {"kind": outcome["check"]["kind"], "result": outcome["check"]["result"]},
            "run": outcome["run"],
            "again": bool(outcome["again"]["result"].get("changed")),
            "differs": said,
        }
        with open(os.path.join(folder, "ansible.json"), "w") as file:
            json.dump(record, file, indent=2, ensure_ascii=False)
            file.write("\n")
        for line in said:
            print(f"{name}: {line}")
    print(f"{len(found)} cases recorded")


if __name__ == "__main__":
    main()
