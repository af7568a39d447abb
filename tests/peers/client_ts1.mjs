// What does the TypeScript SDK 1.x see? Takes a JSON plan as its argument, prints JSON results.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const plan = JSON.parse(process.argv[2]);
const require = createRequire(plan.modules + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { drive } = await import("./steps.mjs");

const client = new Client({ name: "peers-ts1", version: "1.0.0" });
const transport = plan.url
  ? new StreamableHTTPClientTransport(new URL(plan.url), { requestInit: { headers: plan.headers } })
  : new StdioClientTransport({ command: plan.command, args: plan.args, env: plan.env, stderr: "inherit" });

async function task(params, note) {
  for await (const message of client.experimental.tasks.callToolStream(params, undefined, { task: {} })) {
    if (message.task) note(message.task.status);
    if (message.type === "error") throw message.error;
    if (message.type === "result") return message.result;
  }
}

await drive(plan, client, transport, {
  version: () => transport.protocolVersion ?? "legacy",
  call: (params, options) => client.callTool(params, undefined, options),
  task,
});
