// What does the TypeScript SDK 2.x see? Takes a JSON plan as its argument, prints JSON results.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const plan = JSON.parse(process.argv[2]);
const require = createRequire(plan.modules + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");
const { drive } = await import("./steps.mjs");

const mode = plan.era === "modern" ? { pin: "2026-07-28" } : plan.era;
const client = new Client({ name: "peers-ts2", version: "1.0.0" }, { versionNegotiation: { mode } });
const transport = plan.url
  ? new StreamableHTTPClientTransport(new URL(plan.url))
  : new StdioClientTransport({ command: plan.command, args: plan.args, env: plan.env, stderr: "inherit" });
await drive(plan, client, transport, {
  version: () => client.getNegotiatedProtocolVersion?.() ?? "unknown",
  call: (params, options) => client.callTool(params, options),
});
