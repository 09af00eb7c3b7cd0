"""Text and bytes, after docs.ansible.com, "Ansible and Python 3"."""
import json


def to_text(value, encoding="utf-8", errors="surrogateescape", nonstring="simplerepr"):
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode(encoding, errors if errors and not errors.startswith("surrogate_") else "surrogateescape")
    if nonstring == "passthru":
        return value
    if nonstring == "empty":
        return ""
    if nonstring == "strict":
        raise TypeError("obj must be a string type")
    return str(value)


def to_bytes(value, encoding="utf-8", errors="surrogateescape", nonstring="simplerepr"):
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode(encoding, errors if errors and not errors.startswith("surrogate_") else "surrogateescape")
    if nonstring == "passthru":
        return value
    if nonstring == "empty":
        return b""
    if nonstring == "strict":
        raise TypeError("obj must be a string type")
    return str(value).encode(encoding)


to_native = to_text


def jsonify(data, **keywords):
    return json.dumps(data, default=to_text, **keywords)


def container_to_text(value, encoding="utf-8", errors="surrogateescape"):
    if isinstance(value, dict):
        return {container_to_text(key): container_to_text(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(container_to_text(one) for one in value)
    return to_text(value, encoding, errors, nonstring="passthru")

