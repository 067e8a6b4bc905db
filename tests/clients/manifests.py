#!/usr/bin/env python3
"""Starts the server from each manifest as its client would, and holds manifests to their vendors' schemas.

    python tests/clients/manifests.py --server PATH [--dist DIR] [--offline]

For each manifest at the repository's root, and in a package that `platform-integration package` built (--dist), it
expands the client's variables, takes the client's working directory, starts the command with the server on PATH,
and lists the tools over the protocol. The bundle is unpacked, and its own binary started. Schemas are fetched from
their vendors and never kept; what cannot be fetched is said and skipped, as is validation where the package
`jsonschema` is not installed. The tools' full names are counted under the prefix of every client.

Prints a line for each failed check and a count; exits 1 if any failed.
"""

import argparse
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds until a server that does not answer counts as hanging

# Where a full name is cut or refused: MCP clients send tools to model APIs, which take 64 characters of these.
NAME_LIMIT = 64
NAME = re.compile(r"^[A-Za-z0-9_-]+$")
OWN_LIMIT = 24
PREFIXES = {
    "Claude Code": "mcp__{key}__",
    "Claude Code plugin": "mcp__plugin_{plugin}_{key}__",
    "Codex": "mcp__{key}__",
    "Cursor": "mcp_{key}_",
    "Gemini CLI": "mcp_{key}_",
    "VS Code": "mcp_{key}_",
    "goose": "{key}__",
}
CURSOR_LIMIT = 60  # server and tool together

SCHEMAS = {
    "plugin.json": "https://raw.githubusercontent.com/agentplugins/agent-plugins-spec/main/schemas/1.0.0/plugin.schema.json",
    "mcp.json": "https://raw.githubusercontent.com/agentplugins/agent-plugins-spec/main/schemas/1.0.0/mcp.schema.json",
    ".claude-plugin/plugin.json": "https://json.schemastore.org/claude-code-plugin-manifest.json",
    ".claude-plugin/marketplace.json": "https://json.schemastore.org/claude-code-marketplace.json",
    ".cursor-plugin/plugin.json": "https://raw.githubusercontent.com/cursor/plugins/main/schemas/plugin.schema.json",
    "server.json": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    "mcpb/manifest.json": "https://raw.githubusercontent.com/modelcontextprotocol/mcpb/main/schemas/mcpb-manifest-v0.3.schema.json",
}

passed = 0
failed = []


def check(holds, what):
    global passed
    if holds:
        passed += 1
    else:
        failed.append(what)
        print(f"FAILED: {what}")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def expand(value, variables):
    """One textual pass; what is no variable of this client stays as it is."""
    for name, to in variables.items():
        value = value.replace("${" + name + "}", to)
    return value


def started(what, config, variables, cwd, path):
    """Starts the configured command, and returns the names of the tools it lists."""
    command = [expand(config["command"], variables)] + [expand(a, variables) for a in config.get("args", [])]
    if command[0].startswith("./"):
        command[0] = str(Path(variables["PLUGIN_ROOT"]) / command[0])
    check(not any("${" in word for word in command), f"{what}: a variable is left in {command}")
    env = {"PATH": path, "HOME": str(cwd)}
    env.update({key: expand(value, variables) for key, value in config.get("env", {}).items()})
    env.update({key: variables[key] for key in ("PLUGIN_ROOT", "PLUGIN_DATA") if key in variables})
    where = expand(config.get("cwd", str(cwd)), variables)
    try:
        process = subprocess.Popen(
            command, cwd=where, env=env, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
    except OSError as e:
        check(False, f"{what}: {command[0]} does not start: {e}")
        return []
    killer = threading.Timer(PATIENCE, process.kill)
    killer.start()
    answers = {}
    try:
        def send(message):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()

        def answer(number):
            for line in process.stdout:
                message = json.loads(line)  # stdout carries the protocol and nothing else
                if message.get("id") == number:
                    return message
            return {}

        send({"id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "manifests", "version": "1"}}})
        answers["initialize"] = answer(1)
        send({"method": "notifications/initialized"})
        send({"id": 2, "method": "tools/list"})
        answers["tools/list"] = answer(2)
    except (BrokenPipeError, ValueError) as e:
        check(False, f"{what}: {e}")
    finally:
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        stderr = process.stderr.read()
        process.stdout.close()
        process.wait()
        killer.cancel()
    tools = [tool["name"] for tool in answers.get("tools/list", {}).get("result", {}).get("tools", [])]
    check(bool(tools), f"{what}: {' '.join(command)} lists no tools; it said: {stderr.strip()[:400]}")
    return tools


def one(servers):
    """The only server of a manifest: its key and configuration."""
    (key, config), = servers.items()
    return key, config


def roots(dist):
    """Where each client finds its manifests: in the repository, and in what was built."""
    found = {"repository": {client: ROOT for client in ("claude", "agent-plugins", "codex", "cursor", "gemini")}}
    if dist:
        plugin = load(dist / "codex/.agents/plugins/marketplace.json")["plugins"][0]["source"]["path"]
        built = {client: dist / client for client in ("claude", "agent-plugins", "cursor", "gemini")}
        found["built"] = {**built, "codex": dist / "codex" / plugin}
    return found


def configs(client, root, scratch):
    """(key, configuration, variables, working directory) as this client has them."""
    data = scratch / "data"
    data.mkdir(exist_ok=True)
    project = scratch / "project"
    project.mkdir(exist_ok=True)
    if client == "claude":
        return (*one(load(root / ".mcp.json")["mcpServers"]), {"CLAUDE_PLUGIN_ROOT": str(root)}, project)
    if client == "agent-plugins":
        # A copy: the working directory is the plugin's own, and nothing may be left in it.
        copy = scratch / "plugin"
        copy.mkdir(exist_ok=True)
        variables = {"PLUGIN_ROOT": str(copy), "PLUGIN_DATA": str(data)}
        return (*one(load(root / "mcp.json")["mcpServers"]), variables, copy)
    if client == "gemini":
        servers = load(root / "gemini-extension.json")["mcpServers"]
        return (*one(servers), {"extensionPath": str(root), "/": os.sep, "workspacePath": str(project)}, project)
    manifest = load(root / f".{client}-plugin/plugin.json")
    return (*one(load(root / manifest["mcpServers"])["mcpServers"]), {}, project)


def clients(dist, path, scratch):
    """Starts from every manifest; the tools and key must be the same everywhere."""
    seen = {}
    for where, by_client in roots(dist).items():
        for client, root in by_client.items():
            here = scratch / where / client
            here.mkdir(parents=True)
            key, config, variables, cwd = configs(client, root, here)
            tools = started(f"{where}, {client}", config, variables, cwd, path)
            seen[(where, client)] = (key, tools)
            if client == "agent-plugins":
                left = [p.name for p in (here / "plugin").iterdir()]
                check(not left, f"{where}, {client}: the server left {left} in the plugin's directory")
    for place, found in seen.items():
        check(found == next(iter(seen.values())), f"{place}: key or tools differ from the first manifest's")
    return next(iter(seen.values()))


def bundle(dist, scratch):
    """Unpacks the bundle, and starts what is in it."""
    file, = dist.glob("*.mcpb")
    home = scratch / "bundle"
    with zipfile.ZipFile(file) as archive:
        check(archive.namelist() == sorted(archive.namelist()), "the bundle is not sorted")
        check(all(i.date_time == (1980, 1, 1, 0, 0, 0) for i in archive.infolist()), "the bundle holds times")
        archive.extractall(home)
        for info in archive.infolist():
            (home / info.filename).chmod((info.external_attr >> 16) & 0o777 or 0o644)
    manifest = load(home / "manifest.json")
    entry = home / manifest["server"]["entry_point"]
    check(bool(entry.stat().st_mode & stat.S_IXUSR), "the bundle's binary may not be run")
    folder = scratch / "folder"
    folder.mkdir()
    variables = {"__dirname": str(home), "HOME": str(folder), "user_config.folder": str(folder)}
    tools = started("bundle", manifest["server"]["mcp_config"], variables, scratch, "/usr/bin:/bin")
    for package in load(dist / "server.json")["packages"]:
        if package["registryType"] == "mcpb":
            import hashlib
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            check(package["fileSha256"] == digest, "server.json has another digest than the bundle")
            check(package["identifier"].endswith("/" + file.name), "server.json names another file than the bundle")
    return tools


def budget(key, tools):
    plugin = load(ROOT / "plugin.json")["name"]
    for tool in tools:
        check(len(tool) <= OWN_LIMIT, f"{tool} has {len(tool)} characters, more than {OWN_LIMIT}")
        for client, prefix in PREFIXES.items():
            name = prefix.format(key=key, plugin=plugin) + tool
            check(len(name) <= NAME_LIMIT and NAME.match(name), f"{client}: {name} has {len(name)} characters")
        check(len(key) + len(tool) <= CURSOR_LIMIT, f"Cursor: {key} and {tool} are over {CURSOR_LIMIT} characters")


def schemas(offline):
    try:
        import jsonschema
    except ImportError:
        print("skipped: schemas (the package jsonschema is not installed)")
        return
    for path, url in SCHEMAS.items():
        if offline:
            print(f"skipped: schema of {path} (offline)")
            continue
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                schema = json.load(response)
        except (OSError, ValueError) as e:
            print(f"skipped: schema of {path} cannot be fetched ({e})")
            continue
        errors = list(jsonschema.validators.validator_for(schema)(schema).iter_errors(load(ROOT / path)))
        check(not errors, f"{path}: {'; '.join(e.message for e in errors)[:400]}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--server", type=Path, default=ROOT / "target/debug/platform-integration")
    arguments.add_argument("--dist", type=Path, help="what `platform-integration package` built")
    arguments.add_argument("--offline", action="store_true", help="fetch no schemas")
    options = arguments.parse_args()
    server = options.server.absolute()
    server.resolve(strict=True)
    path = f"{server.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch).resolve()
        key, tools = clients(options.dist, path, scratch)
        if options.dist and list(options.dist.glob("*.mcpb")):
            check(bundle(options.dist, scratch) == tools, "the bundle's tools differ from the manifests'")
    budget(key, tools)
    schemas(options.offline)
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
