// Is every page fit for everybody who must read it: by day, by night, on a telephone, with whatever reads it to them?
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { until } from "./world.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/** Every page by its name: where it is, given the calls that wait, and what is done there first. */
const PAGES = {
  "inbox": () => "/inbox",
  "all open": () => "/inbox?show=open",
  "decided": () => "/inbox?show=decided",
  "low risk": ({ low }) => low.path,
  "medium risk": ({ medium }) => medium.path,
  "high risk": ({ high }) => high.path,
  "critical risk": ({ critical }) => critical.path,
  "hostile": ({ hostile }) => hostile.path,
  "over": ({ over }) => over.path,
  "me": () => "/me",
  "history": () => "/history",
  "grants": () => "/grants",
  "credentials": () => "/leases",
  "servers": () => "/servers",
  "channels": () => "/channels",
  "rules": () => "/rules",
  "numbers": () => "/numbers",
  "nothing": () => "/calls/01a20175-0000-7000-8000-000000000000",
};

const WAYS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 } },
  dark_narrow: { colorScheme: "dark", viewport: { width: 320, height: 700 } },
};

/** Everything a page of ours keeps to. */
async function fit(page, name) {
  await page.evaluate(() => { for (const part of document.querySelectorAll("details")) part.open = true; });
  await page.evaluate(axe);
  const found = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values } }), RULES);
  const bad = found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact));
  assert.deepEqual(bad.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`), [], name);
  const sizes = await page.evaluate(() => {
    const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    // Links within a sentence are as high as the sentence.
    const targets = [...document.querySelectorAll("button, input:not([type=hidden]), textarea, select, summary, a")];
    const small = targets.filter((one) => one.checkVisibility() && !one.closest("p, dd, li, .skip") && !one.matches(".skip"))
      .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
      .filter(([, box]) => box.width < 24 || box.height < 24).map(([html, box]) => `${html} ${box.width}x${box.height}`);
    const times = [...document.querySelectorAll("time")].map((time) => time.textContent).filter((text) => !/UTC/.test(text));
    return { over, small, times };
  });
  assert.deepEqual(sizes, { over: 0, small: [], times: [] }, name);
  assert.match(await page.title(), /\S · Countersign$/, name);
  assert.equal(await page.locator("h1").count(), 1, name);
}

async function visit(house, way) {
  const world = await house.open();
  const shots = process.env.COUNTERSIGN_SHOTS;
  const shoot = async (page, name) => {
    if (shots) await page.screenshot({ path: `${shots}/page-${name.replaceAll(" ", "-")}-${way}.png`, fullPage: true });
  };
  const page = await world.person(WAYS[way]);
  page.excused.push(/status of 4\d\d/);
  await page.goto("/sign-in");
  await fit(page, "sign-in");
  await shoot(page, "sign-in");
  await page.goto(await world.link());
  await fit(page, "link");
  await shoot(page, "link");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/inbox");
  await fit(page, "empty inbox");
  await shoot(page, "empty");

  const calls = {
    low: await world.held("find_orders", { customer: "Ada" }),
    medium: await world.held("export_customers", { limit: 1000 }),
    high: await world.held("drop_table", { table: "carts" }),
    critical: await world.held("drop_table", { table: "orders" }),
    hostile: await world.held("find_orders", { customer: `<b>a</b>\u202E ${"W".repeat(3000)}\n\n\nend`, more: { deep: [1, null, { x: "y".repeat(200) }] } }),
    over: await world.held("export_customers", { limit: 1 }),
  };
  await page.goto(calls.over.path);
  await page.getByRole("link", { name: "Deny…" }).click();
  await page.locator("#deny").getByLabel("Nobody asked for this.").check();
  await fit(page, "denying");
  await page.locator("#deny").getByRole("button", { name: "Deny" }).click();
  await until("it is denied", async () => /denied/.test(await page.locator("#state").innerText()));
  for (const [name, where] of Object.entries(PAGES)) {
    await page.goto(where(calls));
    await shoot(page, name);
    await fit(page, name);
  }
  await page.goto(calls.medium.path);
  await page.getByText("Have other arguments sent").click();
  await page.getByLabel("The arguments, as JSON").fill('{ "limit": 5 }');
  await page.getByLabel("Why? The agent is told.", { exact: true }).last().fill("five will do");
  await page.getByRole("button", { name: "Show the difference" }).click();
  await page.getByRole("heading", { name: "Have this sent instead?" }).waitFor();
  await shoot(page, "difference");
  await fit(page, "difference");
}

// B11
export async function every_page_is_fit_for_everybody_in_light(house) { await visit(house, "light"); }

export async function every_page_is_fit_for_everybody_in_dark(house) { await visit(house, "dark"); }

export async function every_page_is_fit_for_everybody_on_a_telephone(house) { await visit(house, "narrow"); }

export async function every_page_is_fit_for_everybody_on_a_small_one_by_night(house) { await visit(house, "dark_narrow"); }
