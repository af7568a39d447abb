// An agent that reports before it calls. It has no model: what matters here is what is said to whom, and when.

import { randomUUID } from "node:crypto";
import { argv, env } from "node:process";
import { Device, Reporter } from "./hooks.mjs";

const { COUNTERSIGN_URL: gateway, COUNTERSIGN_KEY: key, COUNTERSIGN_HOOK: command } = env;
const hooks = command ? new Device(command.split(" ")) : new Reporter(gateway, key);

async function mcp(method, params, session, id = 1) {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  headers.authorization = `Bearer ${key}`;
  if (session) headers["mcp-session-id"] = session;
  const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
  const reply = await fetch(`${gateway}/mcp`, { method: "POST", headers, body });
  const text = await reply.text();
  const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
  return [JSON.parse(lines.length ? lines.at(-1).slice(6) : text), reply.headers.get("mcp-session-id")];
}

const [tool, args] = [argv[2], JSON.parse(argv[3])];
const client = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "my-agent", version: "1" } };
const [, session] = await mcp("initialize", client);

await hooks.prompt("Say it back to me");
const meta = await hooks.toolUse(tool, args, randomUUID());
const [answer] = await mcp("tools/call", { name: tool, arguments: args, _meta: meta }, session, 2);
console.log(JSON.stringify(answer.result));
