"""How does a program get the true result of a call that waits for people, with either Python SDK?

No step sets a timeout: what is proven is what the SDKs do by default.
"""

import time

REFUSAL = "dev.countersign/refusal"


async def walk(step, list_tools, call_tool, plain):
    """The identical call again, or the tool that goes on waiting, for as long as the answer says that people are asked."""
    listed = await list_tools()
    rounds, progress = [], []

    async def heard(done, total, message):
        progress.append(done)

    tool, arguments = step["tool"], step["arguments"]
    while True:
        begun = time.monotonic()
        result = plain(await call_tool(tool, arguments, progress_callback=heard))
        told = result.get("_meta", {}).get(REFUSAL)
        rounds.append({"seconds": round(time.monotonic() - begun, 3), "class": told and told["class"]})
        if not told or told["class"] != "held" or not told["retryable"]:
            tools = [tool.name for tool in listed.tools]
            return {"tools": tools, "result": result, "rounds": rounds, "progress": progress}
        if step["way"] == "wait":
            tool, arguments = "countersign_wait", {"reference": told["waits"]["reference"]}
