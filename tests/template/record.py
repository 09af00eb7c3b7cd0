#!/usr/bin/env python3
"""Records what ansible-core 2.19 answers to the cases in tests/template/*/*.yml.

    tests/template/record.py [FILE.yml ...]      all case files, or those named

Makes a scratch environment (or uses $ANSIBLE_VENV), runs every case as one debug task of one play, and writes beside
each FILE.yml a FILE.json: one answer a case, in order. The case files are written by hand:

    - vars: {x: [1, 2]}            optional; `vars` of the file's first item, under `common`, hold for all cases
      template: "{{ x | sum }}"    a value as in a task's argument
      condition: "x is defined"    or: a bare expression as in `when`
      file: |                      or: the text of a template file
      files: {a.j2: "text"}        other files beside it
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CALLBACK = '''
import json, os
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "recorder"
    def _put(self, result, failed):
        name = result.task.get_name().strip() if hasattr(result, "task") else result._task.get_name().strip()
        data = result.result if hasattr(result, "result") else result._result
        with open(os.environ["RECORD_TO"], "a") as out:
            out.write(json.dumps({"name": name, "failed": failed, "result": json.loads(self._dump_results(data))}) + "\\n")
    def v2_runner_on_ok(self, result): self._put(result, False)
    def v2_runner_on_failed(self, result, ignore_errors=False): self._put(result, True)
    def v2_runner_on_skipped(self, result): self._put(result, False)
'''


def environment():
    venv = os.environ.get("ANSIBLE_VENV")
    if not venv:
        venv = os.path.join(tempfile.gettempdir(), "deploy-record-venv")
        if not os.path.exists(venv + "/bin/ansible-playbook"):
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv + "/bin/pip", "install", "-q", "ansible-core~=2.19.0", "jmespath", "netaddr", "passlib", "bcrypt<5"], check=True)
            subprocess.run([venv + "/bin/ansible-galaxy", "collection", "install", "ansible.utils", "community.general"], check=False)
    python = venv + "/bin/python3"
    if "RECORDING" not in os.environ:
        os.environ["RECORDING"] = "1"
        os.environ["ANSIBLE_VENV"] = venv
        os.execv(python, [python, *sys.argv])
    return venv


class Raw(str):
    """A YAML text that is put into the play as it is."""


def split(text):
    """The items of a top-level YAML list as texts, so that tags and styles reach ansible as they were written."""
    items, current = [], []
    for line in text.splitlines(keepends=True):
        if line.startswith("- "):
            if current:
                items.append("".join(current))
            current = [line]
        elif current:
            current.append(line)
    if current:
        items.append("".join(current))
    return items


def record(files, venv):
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        (tmp / "callback_plugins").mkdir()
        (tmp / "callback_plugins" / "recorder.py").write_text(CALLBACK)
        (tmp / "inventory").write_text("h1 ansible_connection=local\n[web]\nh1\nh2\n")
        (tmp / "files").mkdir()
        (tmp / "templates").mkdir()
        plays = []
        for number, path in enumerate(files):
            items = split(path.read_text())
            common, tasks = "", []
            for index, item in enumerate(items):
                case = yaml.load(item, Loader)[0]
                fixtures = case.get("files") or {}
                for name, text in fixtures.items():
                    target = tmp / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(text)
                if "common" in case:
                    common = "".join(item[2:].splitlines(keepends=True)[1:])
                    continue
                body = indent_of(item)
                name = f"{number}:{index}"
                vars_text = body.get("vars", "")
                if "template" in case:
                    action = "debug:\n    msg:\n      r:" + body["template"]
                elif "condition" in case:
                    action = "debug: {msg: {r: true}}\n  when:" + body["condition"]
                else:
                    (tmp / "templates" / f"case{number}_{index}.j2").write_text(case["file"])
                    action = "debug:\n    msg:\n      r: \"{{ lookup('template', 'case%d_%d.j2', convert_data=False) }}\"" % (number, index)
                task = f"- name: '{name}'\n  {action}\n"
                if vars_text:
                    task += f"  vars:{vars_text}\n"
                task += "  ignore_errors: true\n"
                tasks.append(task)
            play = "- hosts: h1\n  gather_facts: false\n"
            if common:
                play += "  vars:\n" + common
            play += "  tasks:\n" + "".join("    " + line for task in tasks for line in task.splitlines(keepends=True))
            (tmp / f"play{number}.yml").write_text(play)
            plays.append(str(tmp / f"play{number}.yml"))
        out = tmp / "out.jsonl"
        env = {**os.environ, "RECORD_TO": str(out), "ANSIBLE_STDOUT_CALLBACK": "recorder", "ANSIBLE_CALLBACK_PLUGINS": str(tmp / "callback_plugins"),
               "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_DEPRECATION_WARNINGS": "0", "HOME": os.environ.get("HOME", "/tmp"), "RECORD_ENV": "from the environment", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        answers = {}
        for play in plays:
            done = subprocess.run([venv + "/bin/ansible-playbook", "-i", str(tmp / "inventory"), play], cwd=tmp, env=env, capture_output=True, text=True)
            if not out.exists():
                sys.exit(done.stdout + done.stderr)
        for line in out.read_text().splitlines():
            entry = json.loads(line)
            answers[entry["name"]] = entry
        for number, path in enumerate(files):
            found = []
            for index, item in enumerate(split(path.read_text())):
                case = yaml.load(item, Loader)[0]
                if "common" in case:
                    continue
                what = case.get("template", case.get("condition", case.get("file")))
                entry = answers.get(f"{number}:{index}")
                if entry is None:
                    found.append({"case": what, "error": "no answer"})
                elif entry["failed"]:
                    message = str(entry["result"].get("msg", "")).replace(str(tmp), "TMP")
                    found.append({"case": what, "error": message})
                elif "condition" in case:
                    found.append({"case": what, "result": "msg" in entry["result"]})
                else:
                    message = entry["result"]["msg"]
                    found.append({"case": what, "result": message["r"]} if "r" in message else {"case": what, "omitted": True})
            with open(path.with_suffix(".json"), "w") as target:
                target.write("[\n" + ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in found) + "\n]\n")
            errors = sum("error" in answer for answer in found)
            print(f"{path.relative_to(HERE)}: {len(found)} cases, {errors} of them errors")


def indent_of(item):
    """The raw texts of the keys of one item (`vars`, `template`, …), re-indented for a task."""
    lines = ("  " + item[2:]).splitlines(keepends=True)
    parts, key = {}, None
    for line in lines:
        found = re.match(r"  (\w+):(.*)", line, re.S)
        if found and not line.startswith("   "):
            key = found.group(1)
            parts[key] = found.group(2)
        elif key:
            parts[key] += "    " + line if line.strip() else line
    return {k: v.rstrip("\n") if k != "template" or "|" not in v.split("\n")[0] else v for k, v in parts.items()}


if __name__ == "__main__":
    venv = environment()
    named = [Path(p).resolve() for p in sys.argv[1:]]
    record(named or sorted(HERE.glob("*/*.yml")), venv)
