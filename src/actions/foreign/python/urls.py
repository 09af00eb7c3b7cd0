"""Requests over HTTP for modules, by the standard library."""
import base64
import ssl
import tempfile
import urllib.error
import urllib.request

ConnectionError = ConnectionError


class NoSSLError(ConnectionError):
    pass


class SSLValidationError(ConnectionError):
    pass


def url_argument_spec():
    return dict(
        url=dict(type="str"), force=dict(type="bool", default=False), http_agent=dict(type="str", default="ansible-httpget"),
        use_proxy=dict(type="bool", default=True), validate_certs=dict(type="bool", default=True), url_username=dict(type="str"),
        url_password=dict(type="str", no_log=True), force_basic_auth=dict(type="bool", default=False), client_cert=dict(type="path"),
        client_key=dict(type="path"), use_gssapi=dict(type="bool", default=False),
    )


def open_url(url, data=None, headers=None, method=None, use_proxy=True, force=False, timeout=10, validate_certs=True, url_username=None,
             url_password=None, http_agent=None, force_basic_auth=False, follow_redirects="urllib2", client_cert=None, client_key=None, **_):
    headers = dict(headers or {})
    if http_agent:
        headers.setdefault("User-agent", http_agent)
    if url_username and (force_basic_auth or url_password is not None):
        pair = "%s:%s" % (url_username, url_password or "")
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    if isinstance(data, str):
        data = data.encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method.upper() if method else None)
    context = ssl.create_default_context()
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_cert:
        context.load_cert_chain(client_cert, keyfile=client_key)
    handlers = [urllib.request.HTTPSHandler(context=context)]
    if not use_proxy:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers).open(request, timeout=timeout)


def fetch_url(module, url, data=None, headers=None, method=None, use_proxy=None, force=False, last_mod_time=None, timeout=10, **_):
    params = module.params
    info = dict(url=url, status=-1)
    try:
        answer = open_url(url, data=data, headers=headers, method=method, timeout=timeout, force=force,
                          use_proxy=params.get("use_proxy", True) if use_proxy is None else use_proxy,
                          validate_certs=params.get("validate_certs", True), url_username=params.get("url_username"),
                          url_password=params.get("url_password"), http_agent=params.get("http_agent", "ansible-httpget"),
                          force_basic_auth=params.get("force_basic_auth", False), client_cert=params.get("client_cert"), client_key=params.get("client_key"))
        info.update({name.lower(): value for name, value in answer.info().items()})
        info.update(msg="OK (%s bytes)" % answer.headers.get("Content-Length", "unknown"), url=answer.geturl(), status=answer.code)
        return answer, info
    except urllib.error.HTTPError as error:
        info.update({name.lower(): value for name, value in error.info().items()})
        info.update(msg=str(error), body=error.read(), status=error.code)
    except Exception as error:
        info.update(msg="Request failed: %s" % error, status=-1)
    return None, info


def fetch_file(module, url, **keywords):
    handle, path = tempfile.mkstemp(dir=module.tmpdir)
    answer, info = fetch_url(module, url, **keywords)
    if answer is None:
        module.fail_json(msg="Failure downloading %s, %s" % (url, info["msg"]))
    with open(handle, "wb") as file:
        file.write(answer.read())
    return path


def basic_auth_header(username, password):
    return b"Basic " + base64.b64encode(("%s:%s" % (username, password)).encode())

