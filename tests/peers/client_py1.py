"""What does the Python SDK 1.x see of a call that waits? Takes a JSON plan as its argument, prints JSON results."""

import json
import sys
import time

import anyio
import held_py
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import CallToolResult


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def as_task(step, session):
    """The task of 2025-11-25, as the SDK's own guide takes it."""
    begun, statuses = time.monotonic(), []
    tools = [tool.name for tool in (await session.list_tools()).tools]
    made = await session.experimental.call_tool_as_task(step["tool"], step["arguments"])
    async for status in session.experimental.poll_task(made.task.taskId):
        statuses.append({"seconds": round(time.monotonic() - begun, 3), "status": status.status})
    result = await session.experimental.get_task_result(made.task.taskId, CallToolResult)
    return {"tools": tools, "result": plain(result), "statuses": statuses}


async def walk(step, session):
    if step["way"] == "task":
        return await as_task(step, session)
    return await held_py.walk(step, session.list_tools, session.call_tool, plain)


async def main():
    plan = json.loads(sys.argv[1])
    report = {}
    try:
        async with (
            streamablehttp_client(plan["url"], headers=plan["headers"]) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            report["version"] = (await session.initialize()).protocolVersion
            report["answers"] = {step["id"]: await walk(step, session) for step in plan["steps"]}
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        report["connect"] = {"code": None, "message": f"{type(error).__name__}: {error}"}
    print(json.dumps(report))


anyio.run(main)
