#!/usr/bin/env python3
"""Walks the shipped server with the official Python MCP SDK, 1.x or 2.x, over stdio and over HTTP.

    python tests/clients/walk.py [--server PATH] [--example DIR] [--era legacy|modern|all]
                                 [--over stdio|http|all]

Copies the example into a temporary directory, starts the server there, uses every tool on it as an
agent would, browses what it left behind, then sends what an agent should not, and looks whether the
server still answers. The client plays the human as well: it accepts every form the server asks for.
Over HTTP it calls with a bearer token of its own, looks what another principal sees (nothing of it),
and ends with SIGTERM while a client is connected.
Prints one line for each failed check and a count; exits 1 if any failed.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.types import ElicitResult, Request
from pydantic import BaseModel, ConfigDict

try:  # 2.x: speaks both protocol eras
    from mcp import Client
except ImportError:  # 1.x: the older era only
    Client = None

ROOT = Path(__file__).resolve().parents[2]
TOOLS = [
    "open_session",
    "map_system",
    "inspect_system",
    "check_drift",
    "record_constraint",
    "confirm_constraints",
    "draft_contract",
    "check_contract",
    "scaffold_connector",
    "run_drills",
    "assess_readiness",
    "export_dossier",
    "query_evidence",
]
CALL_LIMIT = 120  # seconds until a call counts as hanging
STOP_LIMIT = 15  # seconds until a server that was told to stop counts as hanging
ANSWER_CHARS = 10_000  # 2,500 tokens of 4 characters
LIST_CHARS = 14_000  # 3,500 tokens

passed = 0
failed = 0


def check(holds, what, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAIL  {what}" + (f": {detail}" if detail else ""), flush=True)
    return bool(holds)


def attr(thing, *names):
    """The first attribute that is there: the SDKs differ in camel and snake case."""
    for name in names:
        if hasattr(thing, name):
            return getattr(thing, name)
    return None


def structured(result):
    return attr(result, "structured_content", "structuredContent")


def is_error(result):
    return bool(attr(result, "is_error", "isError"))


def text(result):
    return "\n".join(block.text for block in result.content if hasattr(block, "text"))


def short(value, limit=400):
    value = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(value) <= limit else value[:limit] + " ..."


def find(value, key):
    """The first string under `key`, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = find(item, key)
            if found:
                return found
    return None


def consent(schema):
    """What a human who agrees would fill into a form of this schema."""
    content = {}
    for name, field in (schema.get("properties") or {}).items():
        choices = field.get("enum") or [c["const"] for c in field.get("oneOf", []) if "const" in c]
        kind = field.get("type")
        if choices:
            content[name] = "confirm" if "confirm" in choices else choices[0]
        elif kind == "boolean":
            content[name] = True
        elif kind in ("integer", "number"):
            content[name] = field.get("minimum", 1)
        elif kind == "array":
            items = field.get("items") or {}
            content[name] = items.get("enum") or [c["const"] for c in items.get("anyOf", []) if "const" in c]
        elif field.get("format") == "email":
            content[name] = "ada@example.com"
        else:
            content[name] = "Ada Lovelace"
    return content


async def human(_context, params):
    schema = attr(params, "requested_schema", "requestedSchema") or {}
    return ElicitResult(action="accept", content=consent(schema))


@asynccontextmanager
async def connect(transport, modern, stray=None):
    """A client over `transport`: parameters of a process, or URL and token."""

    async def on_message(message):
        if stray is not None and isinstance(message, Exception):  # what was on stdout was not the protocol
            stray.append(str(message))

    callbacks = {"elicitation_callback": human, "message_handler": on_message}
    if isinstance(transport, StdioServerParameters):
        if modern:
            async with Client(transport, **callbacks) as client:
                yield client
            return
        async with stdio_client(transport) as (read, write):
            async with ClientSession(read, write, **callbacks) as session:
                await session.initialize()
                yield session
        return
    url, token = transport
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {token}"}) as http:
        if modern:
            async with Client(streamable_http_client(url, http_client=http), **callbacks) as client:
                yield client
            return
        async with streamable_http_client(url, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1], **callbacks) as session:
                await session.initialize()
                yield session


class Http:
    """The server as a process that listens on a free port of this machine, with two principals."""

    def __init__(self, server, cwd):
        self.tokens = {name: secrets.token_hex(32) for name in ("ada", "grace")}
        file = cwd / "tokens"
        file.write_text("".join(f"{name} env:TOKEN_OF_{name.upper()}\n" for name in self.tokens))
        file.chmod(0o600)
        environment = dict(os.environ)
        environment.update({f"TOKEN_OF_{name.upper()}": token for name, token in self.tokens.items()})
        self.process = subprocess.Popen(
            [server, "serve", "--http", "127.0.0.1:0", "--tokens", file.name],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = []
        self.url = None
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith("serving MCP at "):
                self.url = line.split()[3]
                break
        # read on, or the server would stop at a full pipe
        self.reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def stop(self):
        """Asks it to stop; its exit code, or None if it did not."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None
        self.reader.join()
        return self.process.returncode


async def call(client, name, arguments):
    """The result, or the exception that the SDK made of an error answer."""
    try:
        with anyio.fail_after(CALL_LIMIT):
            return await client.call_tool(name, arguments)
    except TimeoutError:
        return TimeoutError(f"no answer within {CALL_LIMIT} s")
    except Exception as error:  # both SDKs raise their own types for protocol errors
        return error


async def good(client, name, arguments):
    """A call that must succeed; its structured content."""
    result = await call(client, name, arguments)
    if isinstance(result, Exception):
        check(False, f"{name} answers", short(f"{type(result).__name__}: {result}"))
        return {}
    if not check(not is_error(result), f"{name} is not an error", short(text(result))):
        return {}
    content = structured(result)
    check(isinstance(content, dict) and content, f"{name} has structured content", short(text(result)))
    size = len(json.dumps(content, ensure_ascii=False))
    check(size <= ANSWER_CHARS, f"{name} answers in {ANSWER_CHARS} characters", f"{size}")
    return content or {}


async def bad(client, name, arguments, names, why):
    """A call that must be turned down in words that name what was wrong."""
    result = await call(client, name, arguments)
    if isinstance(result, TimeoutError):
        check(False, f"{why} is answered", str(result))
        return
    if isinstance(result, Exception):
        said = str(result)
    else:
        check(is_error(result), f"{why} is an error", short(text(result)))
        said = text(result)
    check(names in said, f"{why} is named in the answer", short(said))


async def list_tools(client):
    listed = (await client.list_tools()).tools
    names = [tool.name for tool in listed]
    check(sorted(names) == sorted(TOOLS), "the 12 tools and no other", ", ".join(sorted(set(names) ^ set(TOOLS))))
    for tool in listed:
        check(tool.title, f"{tool.name} has a title")
        check(tool.description, f"{tool.name} has a description")
        hints = tool.annotations
        for camel, snake in (
            ("readOnlyHint", "read_only_hint"),
            ("destructiveHint", "destructive_hint"),
            ("idempotentHint", "idempotent_hint"),
        ):
            if camel == "idempotentHint" and attr(hints, "read_only_hint", "readOnlyHint"):
                continue  # means something only where something is changed
            stated = hints is not None and attr(hints, snake, camel) is not None
            check(stated, f"{tool.name} states {camel}")
        schema = attr(tool, "output_schema", "outputSchema")
        check(isinstance(schema, dict) and schema.get("type") == "object", f"{tool.name} has an output schema")
    wire = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
    size = len(json.dumps(wire, ensure_ascii=False, separators=(",", ":")))
    check(size <= LIST_CHARS, f"tools/list fits in {LIST_CHARS} characters", f"{size}")


def contents(result):
    """What a resource holds."""
    return json.loads(result.contents[0].text)


async def browse(client, session):
    """Resources, templates and prompts, after a session was worked on."""
    uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
    check(f"integ://sessions/{session}" in uris, "the session is a resource", short(uris))
    listed = await client.list_resource_templates()
    templates = [attr(t, "uri_template", "uriTemplate") for t in attr(listed, "resource_templates", "resourceTemplates")]
    check(len(templates) == 3, "there are three templates", short(templates))
    one = contents(await client.read_resource(f"integ://sessions/{session}"))
    check(one.get("session") == session, "the session can be read", short(one))
    events = contents(await client.read_resource(f"integ://sessions/{session}/events"))["events"]
    check(events[0]["kind"] == "session-opened", "its events can be read", short(events))
    record = contents(await client.read_resource(f"integ://evidence/{events[0]['seq']}"))
    check(record["hash"] == events[0]["hash"], "so can one record", short(record))
    try:
        await client.read_resource("integ://sessions/s-20200101-zzzzzz")
        check(False, "a session that is not there is an error")
    except Exception as error:
        check("unknown-session" in str(error), "a session that is not there is named", short(str(error)))
    prompts = (await client.list_prompts()).prompts
    check([prompt.name for prompt in prompts] == ["integrate"], "there is one prompt", short(str(prompts)))
    arguments = {"name": "billing-to-crm", "goal": "keep contacts in step"}
    prompt = await client.get_prompt("integrate", arguments)
    check("open_session" in prompt.messages[0].content.text, "the prompt begins the work")
    arguments.update(source="apis/billing.openapi.yaml", target="apis/crm.openapi.json")
    prompt = await client.get_prompt("integrate", arguments)
    check("apis/crm.openapi.json" in prompt.messages[0].content.text, "it maps what it is given")


class Anything(BaseModel):
    """A result that neither SDK has a type for."""

    model_config = ConfigDict(extra="allow")


async def ask(client, method, params):
    """A request that neither SDK has a function for."""
    session = getattr(client, "session", client)
    result = await session.send_request(Request[dict, str](method=method, params=params), Anything)
    return result.model_dump(by_alias=True)


async def skills(client):
    """The skill that comes with the server, as a host loads it: listed, got, read, each file held to its digest."""
    listed = (await ask(client, "skills/list", {}))["skills"]
    check([skill["frontmatter"]["name"] for skill in listed] == ["platform-integration"], "there is one skill")
    skill = listed[0]
    got = (await ask(client, "skills/get", {"uri": skill["uri"]}))["skill"]
    check(got == skill, "what is got is what was listed", short(got))
    wrong = []
    for file in skill["resources"]:
        content = (await client.read_resource(file["uri"])).contents[0]
        data = content.text.encode() if hasattr(content, "text") else base64.b64decode(content.blob)
        if file["size"] != len(data) or file["digest"] != "sha256:" + hashlib.sha256(data).hexdigest():
            wrong.append(file["uri"])
    check(len(skill["resources"]) > 20 and not wrong, "every file is as its digest says", short(wrong))
    served = {file["uri"].removeprefix("skill://platform-integration/"): file["digest"] for file in skill["resources"]}
    for path in ("SKILL.md", "references/tools.md", "references/refusals.md"):
        disk = hashlib.sha256((ROOT / "skill/platform-integration" / path).read_bytes()).hexdigest()
        check(served.get(path) == f"sha256:{disk}", f"{path} is served as it lies on the disk")
    inside = (await ask(client, "resources/directory/read", {"uri": "skill://platform-integration"}))["resources"]
    check({"references", "examples"} <= {entry["name"] for entry in inside}, "its directory can be read", short(inside))
    try:
        await client.read_resource("skill://platform-integration/nothing.md")
        check(False, "a file that is not there is an error")
    except Exception as error:
        check("nothing.md" in str(error), "a file that is not there is named", short(str(error)))


async def walk(client, cwd):
    """The whole job; the session it was done in."""
    await list_tools(client)

    opened = await good(
        client,
        "open_session",
        {"name": "billing-to-crm", "goal": "keep CRM contacts in step with billing customers"},
    )
    session = find(opened, "session") or find(opened, "session_id")
    if not check(session, "open_session gives a session handle", short(opened)):
        return None

    for name, api in (("billing", "apis/billing.openapi.yaml"), ("crm", "apis/crm.openapi.json")):
        await good(client, "map_system", {"session": session, "api": api, "name": name})
    await good(
        client, "inspect_system", {"session": session, "name": "billing", "operation": "listCustomers"}
    )
    await good(
        client,
        "record_constraint",
        {
            "session": session,
            "id": "billing-ids-stable",
            "kind": "inferred",
            "says": "a customer's id never changes and is never used again",
        },
    )
    await good(
        client,
        "record_constraint",
        {
            "session": session,
            "id": "crm-rate",
            "kind": "hard",
            "says": "at most 100 requests per 10 seconds per token",
            "origin": "crm#/paths/~1v2~1contacts/post/x-ratelimit",
        },
    )
    await good(client, "confirm_constraints", {"session": session})
    await good(
        client,
        "draft_contract",
        {
            "session": session,
            "source": "billing",
            "target": "crm",
            "path": "draft.yaml",
        },
    )
    await good(client, "check_contract", {"session": session, "contract": "integration.yaml"})
    # the contract brings inferred constraints of its own
    await good(client, "confirm_constraints", {"session": session})
    await good(
        client,
        "scaffold_connector",
        {"session": session, "contract": "integration.yaml", "out": "connector"},
    )
    check(any((cwd / "connector").glob("*")), "scaffold_connector wrote files")
    drilled = await good(
        client,
        "run_drills",
        {"session": session, "contract": "integration.yaml", "seed": 7, "schedules": 20},
    )
    check(drilled.get("verdict") == "PASS", "the drills pass", short(drilled))
    assessed = await good(client, "assess_readiness", {"session": session})
    check("(ceiling: " in json.dumps(assessed), "readiness carries a confidence line", short(assessed))
    await good(client, "export_dossier", {"session": session, "out": "dossier"})
    written = list((cwd / "dossier").rglob("*.md"))
    check(len(written) >= 5, "the dossier has its five documents", f"{len(written)}")
    await good(client, "query_evidence", {"session": session})

    await bad(client, "no_such_tool", {}, "no_such_tool", "an unknown tool")
    await bad(
        client,
        "check_contract",
        {"session": session, "contract": "integration.yaml", "contrakt": 1},
        "contrakt",
        "an unknown argument",
    )
    await bad(client, "assess_readiness", {"session": "no-such-session"}, "no-such-session", "an unknown session")
    await bad(client, "open_session", {}, "name", "a missing argument")
    await bad(
        client, "check_contract", {"session": session, "contract": "missing.yaml"}, "missing.yaml", "a missing file"
    )
    await good(client, "query_evidence", {"session": session})
    await browse(client, session)
    await skills(client)
    return session


async def others(http, modern, session):
    """What is not for everybody: another principal's session, and anything at all for a stranger."""
    async with connect((http.url, http.tokens["grace"]), modern) as client:
        await bad(client, "query_evidence", {"session": session}, "unknown-session", "another principal's session")
        seen = await good(client, "query_evidence", {})
        check(not find(seen, "session"), "no session of another principal is listed", short(seen))
        uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
        ours = ["skill://platform-integration/SKILL.md", "integ://sessions"]
        check(uris == ours, "none is a resource either", short(uris))
    try:
        with anyio.fail_after(CALL_LIMIT):
            async with connect((http.url, secrets.token_hex(32)), modern) as client:
                await client.list_tools()
        check(False, "a token of nobody is turned away")
    except Exception as error:
        while getattr(error, "exceptions", None):
            error = error.exceptions[0]
        hung = isinstance(error, TimeoutError)
        check(not hung, "a token of nobody is turned away at once", short(f"{type(error).__name__}: {error}"))


async def run_http(server, cwd, modern):
    http = Http(server, cwd)
    code = None
    try:
        if not check(http.url, "the server listens", short("".join(http.said))):
            return
        async with connect((http.url, http.tokens["ada"]), modern) as client:
            session = await walk(client, cwd)
            if session:
                await others(http, modern, session)
            # in the older era this client holds a stream open
            code = http.stop()
            check(code == 0, "a server that is told to stop does, with a client connected", f"{code}")
    except Exception as error:
        if code is None:  # afterwards the client may well complain
            raise error
    finally:
        if http.process.poll() is None:
            http.process.kill()
        out = http.process.stdout.read()
        check(out == "", "nothing is on stdout", short(out))
        said = "".join(http.said)
        check(not any(token in said for token in http.tokens.values()), "no token is in what it logs")


async def run(server, example, modern, over):
    with tempfile.TemporaryDirectory(prefix="walk-") as directory:
        cwd = Path(directory) / example.name
        shutil.copytree(example, cwd)
        stray = []
        try:
            if over == "http":
                await run_http(server, cwd, modern)
            else:
                process = StdioServerParameters(command=str(server), args=["serve"], cwd=str(cwd))
                async with connect(process, modern, stray) as client:
                    await walk(client, cwd)
        except Exception as error:  # a server that cannot be started or reached fails the walk
            while getattr(error, "exceptions", None):  # task groups wrap what went wrong
                error = error.exceptions[0]
            check(False, "the server can be talked to", short(f"{type(error).__name__}: {error}"))
        check(not stray, "stdout carries the protocol and nothing else", short(stray))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", type=Path, default=ROOT / "target/debug/platform-integration")
    parser.add_argument("--example", type=Path, default=ROOT / "examples/billing-to-crm")
    parser.add_argument("--era", choices=["legacy", "modern", "all"], default="all")
    parser.add_argument("--over", choices=["stdio", "http", "all"], default="all")
    arguments = parser.parse_args()
    server = arguments.server.resolve()
    if not server.is_file():
        sys.exit(f"no server at {server}: run cargo build first")
    if arguments.era == "modern" and Client is None:
        sys.exit("this SDK speaks the older protocol era only: use --era legacy")

    eras = {"legacy": [False], "modern": [True], "all": [False, True] if Client else [False]}
    transports = {"stdio": ["stdio"], "http": ["http"], "all": ["stdio", "http"]}
    for modern in eras[arguments.era]:
        for over in transports[arguments.over]:
            print(f"mcp {version('mcp')}, {'2026-07-28' if modern else 'initialize'}, over {over}", flush=True)
            anyio.run(run, server, arguments.example.resolve(), modern, over)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
