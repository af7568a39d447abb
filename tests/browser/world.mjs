// A gateway with a shop behind it, agents in front of it, and browsers beside it: everything a check needs, and nothing
// that stays after it.
import { spawn, execFile } from "node:child_process";
import { mkdtemp, mkdir, writeFile, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const PATIENCE = 20_000;

export const RULES = `package countersign.shop

import rego.v1

allow contains "everything else"

hold contains {
	"id": "drops",
	"reason": concat("", ["a table and all that is in it would be gone: ", input.call.arguments.table]),
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

/** What a check may start: the program, whom people sign in with, and one browser for all. */
export class House {
  constructor({ program, stories, browser, figures }) {
    Object.assign(this, { program, stories, browser, figures, worlds: [] });
  }

  async open(more) {
    const world = new World(this);
    this.worlds.push(world);
    await world.begin(more);
    return world;
  }

  /** A figure that is printed beside the check. */
  figure(text) { this.figures.push(text); }

  async close() {
    for (const world of this.worlds) await world.close();
  }
}

class World {
  pages = [];
  /** Other sites that this check has, by their addresses. */
  elsewhere = [];
  ends = [];

  constructor(house) {
    Object.assign(this, { house, program: house.program, browser: house.browser });
  }

  /** Starts a gateway; `settings` is added to its configuration, `people` too, and `provider` puts somebody in front. */
  async begin({ settings = "", rules = RULES, people = "", provider = false, limits = "", wait = "2m" } = {}) {
    this.folder = await mkdtemp(join(tmpdir(), "countersign-browser-"));
    this.port = await freePort();
    // Browsers have passkeys under this name alone.
    this.base = `http://localhost:${this.port}`;
    await mkdir(join(this.folder, "policies"));
    await writeFile(join(this.folder, "policies", "shop.rego"), rules);
    const text = [
      'environment = "production"', `[http]\nlisten = "127.0.0.1:${this.port}"\npublic_url = "${this.base}"`, '[policy]\npaths = ["policies"]',
      `[servers.shop]\ncommand = ${JSON.stringify(this.program)}\nargs = ["demo", "--shop"]`,
      `[store]\nurl = "sqlite:shop.db"`, `[limits]\napproval_wait = "${wait}"\n${limits}`, settings, people,
    ];
    if (provider) text.push(await this.provide());
    await writeFile(join(this.folder, "countersign.toml"), text.join("\n\n"));
    await this.start();
    this.key = await this.makeKey("bot", ["--agent", "shop-bot"]);
  }

  /** Whom people sign in with: the stories' own executable can be that. */
  async provide() {
    const env = { ...process.env, STORY_PROVIDER: "0" };
    this.provider = spawn(this.house.stories, [], { env, stdio: ["pipe", "pipe", "inherit"] });
    let said = "";
    this.provider.stdout.on("data", (data) => { said += data; });
    this.provider.url = await until("the provider starts", () => /http:\S+/.exec(said)?.[0]);
    return `[review]\nowner = true\n[review.providers.acme]\nname = "Acme"\nissuer = "${this.provider.url}"\n` +
      'client_id = "countersign"\nallow_private = true\n[review.roles]\nreviewer = ["dba"]';
  }

  async start() {
    this.said = "";
    this.gateway = spawn(this.program, ["serve", "--invite"], { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.gateway.stdout, this.gateway.stderr]) stream.on("data", (data) => { this.said += data; });
    await until("the gateway starts", () => {
      if (this.gateway.exitCode !== null) throw new Error(this.said);
      return this.said.includes("listening");
    });
  }

  async stop() {
    if (this.gateway?.exitCode === null) {
      this.gateway.kill("SIGTERM");
      await new Promise((done) => this.gateway.once("exit", done));
    }
  }

  async close() {
    for (const page of this.pages) await page.context().close();
    for (const end of this.ends) end();
    await this.stop();
    this.provider?.stdin.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What no page may do, whatever the check is about. */
  faults() {
    return this.pages.flatMap((page) => page.faults.filter((fault) => !page.excused.some((excuse) => excuse.test(fault))));
  }

  /** Runs a command of the program beside the gateway. */
  async command(...args) {
    try {
      const { stdout, stderr } = await run(this.program, args, { cwd: this.folder, maxBuffer: 64 << 20 });
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

  /** Another site, which has one page. */
  async neighbour(host, html) {
    const server = createHttpServer((_, answer) => answer.setHeader("content-type", "text/html; charset=utf-8").end(html));
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    this.ends.push(() => server.close());
    const url = `http://${host}:${server.address().port}`;
    this.elsewhere.push(url);
    return url;
  }

  /** A browser of its own, not signed in. */
  async person(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.base, ...options });
    context.setDefaultTimeout(PATIENCE);
    return this.look(await context.newPage());
  }

  /** Watches what a page does. What it is to complain of stands in `excused`. */
  look(page) {
    Object.assign(page, { faults: [], excused: [] });
    this.pages.push(page);
    page.on("console", (message) => { if (message.type() === "error") page.faults.push(message.text()); });
    page.on("pageerror", (error) => page.faults.push(String(error)));
    // Whatever leaves the page goes to the gateway, or it was stopped by the page's own policy.
    const went = (request) => {
      const known = [this.base, this.provider?.url, ...this.elsewhere].includes(new URL(request.url()).origin);
      if (!known && request.failure()?.errorText !== "csp") page.faults.push(`it asked ${request.url()}`);
    };
    page.on("requestfailed", went);
    page.on("requestfinished", went);
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

  /** Another window of the same browser. */
  async window(page) {
    return this.look(await page.context().newPage());
  }

  /** A browser in which somebody is signed in with the provider. */
  async colleague(who = {}, options = {}) {
    const person = { sub: "4711", email: "ada@example.com", email_verified: true, name: "Ada", groups: ["dba"], ...who };
    await fetch(`${this.provider.url}/script`, { method: "POST", body: JSON.stringify({ person }) });
    const page = await this.person(options);
    await page.goto("/inbox");
    await page.getByRole("link", { name: "Continue with Acme" }).click();
    await page.waitForURL("**/inbox");
    return page;
  }

  /** Holds a call and says under which id it waits. Rules that ran out of time on a busy machine are asked again, as an agent would. */
  async held(tool, args, key, tries = 3) {
    const before = new Set((await this.list()).map((card) => card.id));
    const told = this.call(tool, args, key);
    const ended = told.then((said) => { throw Object.assign(new Error(`it was not held: ${JSON.stringify(said)}`), { said }); });
    const seen = until("a call is held", async () => (await this.list()).find((card) => !before.has(card.id)));
    let id;
    try {
      ({ id } = await Promise.race([seen, ended]));
    } catch (error) {
      const refusal = error.said?.result?._meta?.["dev.countersign/refusal"];
      if (refusal?.class !== "policy_timeout" || tries === 1) throw error;
      seen.catch(() => {});
      return this.held(tool, args, key, tries - 1);
    }
    ended.catch(() => {});
    return { id, told, path: `/calls/${id}` };
  }

  async list() {
    const { stdout, stderr } = await this.command("approvals", "list", "--json");
    if (stderr) throw new Error(stderr);
    return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  /** What a program hears that asks as somebody. */
  async api(key, path, body) {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(`${this.base}/api/v1${path}`, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
    return { status: answer.status, ...(await answer.json()) };
  }

  /** A call of an agent: a promise of what it is told. */
  call(tool, args, key = this.key) {
    const body = {
      jsonrpc: "2.0", id: 1, method: "tools/call",
      params: {
        name: tool.startsWith("countersign_") ? tool : `shop__${tool}`, arguments: args,
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
}

/** People who answer: whoever runs this, with these accounts too, and others by name. */
export function people(others, mine = []) {
  const { username } = userInfo();
  return Object.entries({ [username]: [`os:${username}`, ...mine], ...others }).map(([name, accounts]) =>
    `[people."${name}"]\naccounts = ${JSON.stringify(accounts)}\nroles = ["reviewer", "operator", "auditor"]`).join("\n");
}

export const text = (told) => told.result?.content?.map((part) => part.text).join("\n") ?? JSON.stringify(told.error);

/** Until the page says so of the call it shows. */
export const stands = (page, words) => page.locator("#state").filter({ hasText: words }).waitFor();

/** Until there is such a text on the page. */
export const says = (page, words) => page.getByText(words).first().waitFor();
