"""What does the Python SDK see? Takes a JSON plan as its argument, prints JSON results."""

import json
import sys

import anyio
import held_py
from mcp import MCPError, StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

STEP_LIMIT = 60.0
MODES = {"modern": "2026-07-28", "auto": "auto", "legacy": "legacy"}


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def list_tools(client):
    tools, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += [plain(tool) for tool in page.tools]
        cursor = page.next_cursor
        if not cursor:
            return {"tools": tools}


async def call(client, step):
    progress = []

    async def heard(done, total, message):
        progress.append([done, total])

    callback = heard if step["kind"] == "progress" else None
    result = await client.call_tool(step["tool"], step["arguments"], STEP_LIMIT, callback)
    answer = {"result": plain(result)}
    return answer | {"progress": progress} if callback else answer


async def cancel(client, step):
    """The call is given up once its first progress has been heard, so it is certainly running in the server."""
    with anyio.CancelScope() as scope:

        async def heard(done, total, message):
            scope.cancel()

        result = await client.call_tool(step["tool"], step["arguments"], STEP_LIMIT, heard)
        return {"result": plain(result)}
    return {"cancelled": True}


async def walk(client, step):
    try:
        if step["kind"] == "list":
            return await list_tools(client)
        if step["kind"] == "held":
            return await held_py.walk(step, client.list_tools, client.call_tool, plain)
        return await (cancel if step["kind"] == "cancel" else call)(client, step)
    except MCPError as error:
        return {"error": plain(error.error)}
    except Exception as error:
        return {"error": {"code": None, "message": f"{type(error).__name__}: {error}"}}


def innermost(error):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return {"code": None, "message": f"{type(error).__name__}: {error}"}


async def main():
    plan = json.loads(sys.argv[1])
    if plan.get("url"):
        # A client of its own is the only way to say who one is; it is the one the SDK would make.
        own = create_mcp_http_client(headers=plan["headers"]) if "headers" in plan else None
        target = streamable_http_client(plan["url"], http_client=own) if own else plan["url"]
    else:
        target = stdio_client(
            StdioServerParameters(command=plan["command"], args=plan["args"], env=plan["env"])
        )
    report = {}
    try:
        async with Client(target, mode=MODES[plan["era"]]) as client:
            report["version"] = client.protocol_version
            report["answers"] = {step["id"]: await walk(client, step) for step in plan["steps"]}
    except BaseException as error:
        report["connect"] = innermost(error)
    print(json.dumps(report))


anyio.run(main)
