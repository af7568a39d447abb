// What does the TypeScript SDK 2.x see? Takes a JSON plan as its argument, prints JSON results.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const plan = JSON.parse(process.argv[2]);
const require = createRequire(plan.modules + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");
const { below } = await import("./raw.mjs");
const { drive } = await import("./steps.mjs");

const mode = plan.era === "modern" ? { pin: "2026-07-28" } : plan.era;
const clientInfo = { name: "peers-ts2", version: "1.0.0" };
const client = new Client(clientInfo, { versionNegotiation: { mode } });
const transport = plan.url
  ? new StreamableHTTPClientTransport(new URL(plan.url), { requestInit: { headers: plan.headers } })
  : new StdioClientTransport({ command: plan.command, args: plan.args, env: plan.env, stderr: "inherit" });

async function task(params, note) {
  // `require` could not resolve it.
  const tasks = `${plan.modules}/node_modules/@modelcontextprotocol/ext-tasks/dist/client/index.js`;
  const { createTaskSessionFromClient, resultFromTaskOutcome } = await import(pathToFileURL(tasks).href);
  const protocolVersion = client.getNegotiatedProtocolVersion();
  const modern = client.getProtocolEra() === "modern" && {
    rawDispatch: below(transport),
    v2RequestFraming: { protocolVersion, clientInfo, clientCapabilities: {} },
  };
  const session = createTaskSessionFromClient(client, { endpointId: "peers", ...modern });
  const execution = await session.callTool(params.name, params.arguments, { task: { preference: "require" } });
  note(execution.kind);
  const onEvent = (event) => note(event.task?.status ?? event.outcome.status);
  const { outcome } = await execution.settle({ onEvent });
  return resultFromTaskOutcome(outcome);
}

await drive(plan, client, transport, {
  version: () => client.getNegotiatedProtocolVersion?.() ?? "unknown",
  call: (params, options) => client.callTool(params, options),
  task,
});
