// A gateway with a shop behind it, agents in front of it, and browsers beside it: everything a check needs, and nothing
// that stays after it.
import { spawn, execFile } from "node:child_process";
import { mkdtemp, mkdir, writeFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const run = promisify(execFile);
const PATIENCE = 20_000;

export const RULES = `package countersign.shop

import rego.v1

allow contains "everything else"

hold contains {
	"id": "drops",
	"reason": "a table and all that is in it would be gone: {input.call.arguments.table}",
	"severity": "high", "advice": "archive it first",
	"reviewers": ["role:reviewer"], "ttl": "10m",
} if {
	input.call.target == "drop_table"
	input.call.arguments.table != "orders"
}

hold contains {
	"id": "drops-orders", "reason": "the orders would be gone", "severity": "critical",
	"reviewers": ["role:reviewer"], "ttl": "10m",
} if {
	input.call.target == "drop_table"
	input.call.arguments.table == "orders"
}

hold contains {
	"id": "exports", "reason": "customers would leave the shop", "severity": "medium",
	"reviewers": ["role:reviewer"], "ttl": "10m",
	"escalate": {"after": "5m", "to": ["role:operator"]},
} if input.call.target == "export_customers"

hold contains {
	"id": "orders", "reason": "orders are personal", "severity": "low",
	"reviewers": ["role:reviewer"], "ttl": "10m",
	"grant": {"uses": 5, "for": "15m", "free": ["/customer"]},
} if input.call.target == "find_orders"
`;

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Asks until it is so, and says what it was when it never is. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  let last;
  while (Date.now() < end) {
    try { last = await ask(); if (last) return last; } catch (error) { last = error; }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what}: never so; the last was ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

export class World {
  /** Starts a gateway; `settings` is added to its configuration. */
  static async open(program, { settings = "", rules = RULES, people = "" } = {}) {
    const world = new World();
    world.program = program;
    world.folder = await mkdtemp(join(tmpdir(), "countersign-browser-"));
    world.port = await freePort();
    world.base = `http://127.0.0.1:${world.port}`;
    // Browsers have passkeys under this name alone.
    world.site = `http://localhost:${world.port}`;
    await mkdir(join(world.folder, "policies"));
    await writeFile(join(world.folder, "policies", "shop.rego"), rules);
    const text = [
      'environment = "production"', `[http]\nlisten = "127.0.0.1:${world.port}"`, '[policy]\npaths = ["policies"]',
      `[servers.shop]\ncommand = ${JSON.stringify(program)}\nargs = ["demo", "--shop"]`,
      `[store]\nurl = "sqlite:shop.db"`, '[limits]\napproval_wait = "2m"', settings, people,
    ].join("\n\n");
    await writeFile(join(world.folder, "countersign.toml"), text);
    await world.start();
    world.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    world.key = await world.makeKey("bot", ["--agent", "shop-bot"]);
    return world;
  }

  async start() {
    this.said = "";
    this.gateway = spawn(this.program, ["serve", "--invite"], { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.gateway.stdout, this.gateway.stderr]) stream.on("data", (data) => { this.said += data; });
    await until(`the gateway starts\n${this.said}`, () => {
      if (this.gateway.exitCode !== null) throw new Error(this.said);
      return this.said.includes("listening");
    });
  }

  async stop() {
    if (this.gateway.exitCode === null) {
      this.gateway.kill("SIGTERM");
      await new Promise((done) => this.gateway.once("exit", done));
    }
  }

  async close() {
    await this.browser?.close();
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a command of the program beside the gateway. */
  async command(...args) {
    try {
      const { stdout, stderr } = await run(this.program, args, { cwd: this.folder });
      return { code: 0, stdout, stderr };
    } catch (error) {
      return { code: error.code, stdout: error.stdout, stderr: error.stderr };
    }
  }

  async makeKey(name, more) {
    const { stdout, stderr } = await this.command("keys", "make", name, ...more);
    const key = /csk_\S+/.exec(stdout + stderr);
    if (!key) throw new Error(`no key: ${stdout} ${stderr}`);
    return key[0];
  }

  /** The link that was printed where the gateway was started. */
  async link() {
    return until("a link is printed", () => /\S+\/sign-in\/link\S+/.exec(this.said)?.[0]);
  }

  /** A browser of its own, not signed in. */
  async person(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.site, ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.faults = [];
    page.on("console", (message) => { if (message.type() === "error") page.faults.push(message.text()); });
    page.on("pageerror", (error) => page.faults.push(String(error)));
    return page;
  }

  /** A browser that is signed in by the link. */
  async owner(options) {
    const page = await this.person(options);
    await page.goto(await this.link());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/inbox");
    return page;
  }

  /** A call of an agent: a promise of what it is told. */
  call(tool, args, key = this.key) {
    const body = {
      jsonrpc: "2.0", id: 1, method: "tools/call",
      params: {
        name: tool.includes("__") ? tool : `shop__${tool}`, arguments: args,
        _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { name: "browser-test", version: "1" }, "io.modelcontextprotocol/clientCapabilities": {} },
      },
    };
    const headers = {
      authorization: `Bearer ${key}`, "content-type": "application/json", accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": body.params.name,
    };
    const told = fetch(`${this.base}/mcp`, { method: "POST", headers, body: JSON.stringify(body) }).then(async (answer) => {
      const text = await answer.text();
      const lines = text.split("\n").filter((line) => line.startsWith("data:")).map((line) => JSON.parse(line.slice(5)));
      const messages = lines.length ? lines : [JSON.parse(text)];
      return messages.find((message) => message.id === 1);
    });
    told.catch(() => {});
    return told;
  }

  /** Until so many calls wait, as the command line sees it. */
  async waiting(count) {
    return until(`${count} calls wait`, async () => {
      const { stdout } = await this.command("approvals", "list", "--json");
      const found = JSON.parse(stdout || "[]");
      const list = Array.isArray(found) ? found : found.items ?? [];
      return list.length === count && list;
    });
  }
}

export const text = (told) => told.result?.content?.map((part) => part.text).join("\n") ?? JSON.stringify(told.error);
