// Runs every check in a real browser, two at once, and says of each how long it took; of one that fails, what was on the pages.
//
//   node run.mjs --program COUNTERSIGN --stories STORIES --shots FOLDER [PART OF A NAME]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { House } from "./world.mjs";

const ROOMS = ["decide", "further", "live", "sign_in", "guarded", "hostile", "keys", "plain", "pages", "passkeys", "figures"];
const AT_ONCE = 2;
// Whatever takes longer hangs.
const PATIENCE = 90_000;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

const options = { program: { type: "string" }, stories: { type: "string" }, shots: { type: "string" } };
const { values, positionals: [wanted = ""] } = parseArgs({ options, allowPositionals: true });

const checks = [];
for (const room of ROOMS) {
  const module = await import(`./${room}.mjs`);
  for (const [name, check] of Object.entries(module)) {
    if (`${room}::${name}`.includes(wanted)) checks.push({ room, name, check });
  }
}
if (!checks.length) throw new Error(`there is no check like ${wanted}`);
await mkdir(values.shots, { recursive: true });

async function shown(house, name) {
  const lines = [];
  for (const page of house.worlds.flatMap((world) => world.pages)) {
    try {
      const path = join(values.shots, `${name}-${lines.length}.png`);
      await page.screenshot({ path, fullPage: true });
      lines.push(`--- ${page.url()} (${path})\n${await page.locator("body").innerText()}`);
    } catch (error) {
      lines.push(`--- ${page.url()}: ${error.message}`);
    }
  }
  for (const world of house.worlds) lines.push(`--- the gateway said\n${world.said ?? ""}`);
  return lines.join("\n");
}

async function attempt(browser, { room, name, check }) {
  const figures = [];
  const house = new House({ ...values, browser, figures });
  const begun = Date.now();
  let fault;
  let timer;
  try {
    const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error("it takes too long")), PATIENCE); });
    await Promise.race([check(house), late]);
    const faults = house.worlds.flatMap((world) => world.faults());
    if (faults.length) throw new Error(`a page complained: ${faults.join("; ")}`);
  } catch (error) {
    fault = `${error.stack}\n${await shown(house, name)}`;
  } finally {
    clearTimeout(timer);
    await house.close();
  }
  const time = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${room}::${name} ... ${fault ? "FAILED" : "ok"} (${time} s)${figures.map((figure) => `\n    ${figure}`).join("")}`);
  if (fault) console.log(fault);
  return !fault;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS });
let passed = 0;
const total = checks.length;
const work = async () => {
  for (let next = checks.shift(); next; next = checks.shift()) if (await attempt(browser, next)) passed += 1;
};
await Promise.all(Array.from({ length: AT_ONCE }, work));
await browser.close();
console.log(`${passed} of ${total} checks passed`);
process.exit(passed === total ? 0 : 1);
