// Does an open page know what happened elsewhere?
import assert from "node:assert/strict";
import { people, says, stands, until } from "./world.mjs";

const AWAY = /ERR_(CONNECTION|INCOMPLETE|NETWORK|EMPTY)/;
const IDA = { people: people({ ida: ["key:ida"] }) };

// A31, APR-01
export async function of_two_who_decide_at_once_one_does_and_the_other_sees_it(house) {
  const world = await house.open({ provider: true, people: people({}) });
  const [owner, ada] = [await world.owner(), await world.colleague()];
  const looker = await world.window(ada);
  const { id, path } = await world.held("drop_table", { table: "carts" });
  for (const page of [owner, ada]) {
    page.excused.push(/status of 409/);
    await page.goto(path);
    await page.locator("#sent").click();
    await page.getByLabel("I have read what would be sent").check();
  }
  await ada.getByRole("link", { name: "Deny…" }).click();
  await ada.locator("#deny").getByLabel("Nobody asked for this.").check();
  await looker.goto(path);
  await Promise.all([
    owner.getByRole("button", { name: "Approve", exact: true }).click({ noWaitAfter: true }),
    ada.locator("#deny").getByRole("button", { name: "Deny" }).click({ noWaitAfter: true }),
  ]);
  const over = await until("it is over", async () => {
    const card = JSON.parse((await world.command("approvals", "show", id, "--json")).stdout);
    return ["succeeded", "rejected"].includes(card.state) && card;
  });
  assert.equal(over.votes.length, 1, "the first decided it");
  const [winner, loser] = over.state === "succeeded" ? [owner, ada] : [ada, owner];
  const words = over.state === "succeeded" ? "approved, and ran" : "denied";
  await stands(winner, words);
  await stands(looker, words);
  await loser.locator("[data-code=not_open]").waitFor();
  await loser.getByRole("link", { name: "See the call as it is now" }).click();
  await stands(loser, words);
}

// A53
export async function what_is_decided_on_the_command_line_is_on_the_page_within_a_second(house) {
  const world = await house.open({ people: people({}) });
  const page = await world.owner();
  const { id, path } = await world.held("export_customers", { limit: 3 });
  await page.goto(path);
  await stands(page, "waits for people");
  const { code, stderr } = await world.command("approvals", "deny", id, "--reason", "not today");
  assert.equal(code, 0, stderr);
  const begun = Date.now();
  await stands(page, "denied");
  const took = Date.now() - begun;
  house.figure(`on the page ${took} ms after the command had ended`);
  assert.ok(took < 1000, `${took} ms`);
  await says(page, "not today");
}

// A53
export async function a_transition_is_on_the_page_at_once(house) {
  const world = await house.open(IDA);
  const ida = await world.makeKey("ida", []);
  const page = await world.owner();
  await page.evaluate(() => {
    const shown = new Set();
    window.seen = {};
    new MutationObserver(() => {
      const now = performance.timeOrigin + performance.now();
      const rows = new Set([...document.querySelectorAll(".row")].map((row) => row.id.slice(4)));
      for (const id of rows) if (!shown.has(id)) { shown.add(id); window.seen[`held ${id}`] = now; }
      for (const id of shown) if (!rows.has(id)) window.seen[`gone ${id}`] ??= now;
    }).observe(document.body, { childList: true, subtree: true });
  });
  const waits = [];
  for (let number = 0; number < 25; number += 1) {
    world.call("find_orders", { customer: `nobody ${number}` });
    const { id, opened } = await until("it waits", async () => (await world.api(ida, "/approvals?state=pending")).items[0]?.card);
    const seen = async (what) => (await page.waitForFunction((key) => window.seen[key], `${what} ${id}`)).jsonValue();
    waits.push((await seen("held")) - Date.parse(opened));
    const { digest } = await world.api(ida, `/approvals/${id}`);
    const { votes } = await world.api(ida, `/approvals/${id}/deny`, { digest, reason: "no" });
    waits.push((await seen("gone")) - Date.parse(votes[0].at));
  }
  waits.sort((one, other) => one - other);
  const [half, most] = [waits[24], waits.at(-1)].map(Math.round);
  house.figure(`from the transition to the page: half within ${half} ms, p99 of 50 within ${most} ms`);
  assert.ok(most < 1000, `${most} ms`);
  if (process.env.COUNTERSIGN_RELEASE) assert.ok(most < 300, `${most} ms`);
}

// A36
export async function the_title_counts_what_waits(house) {
  const world = await house.open({ people: people({}) });
  const page = await world.owner();
  assert.equal(await page.title(), "Inbox · Countersign");
  const { id } = await world.held("find_orders", { customer: "Ada" });
  await until("it is counted", async () => (await page.title()) === "(1) Inbox · Countersign");
  await says(page, "One call more waits.");
  await world.command("approvals", "deny", id, "--reason", "no");
  await until("it is gone", async () => (await page.title()) === "Inbox · Countersign");
}

// A53
export async function what_somebody_writes_is_kept_when_the_call_changes(house) {
  const world = await house.open(IDA);
  const ida = await world.makeKey("ida", []);
  const page = await world.owner();
  const { id, path } = await world.held("export_customers", { limit: 1000 });
  await page.goto(path);
  await page.getByRole("link", { name: "Deny…" }).click();
  const words = page.locator("#deny").getByLabel("In your words");
  await words.fill("this is far too mu");
  assert.equal((await world.api(ida, `/approvals/${id}/ask`, { question: "why so many?" })).status, 200);
  const { digest } = await world.api(ida, `/approvals/${id}`);
  await world.api(ida, `/approvals/${id}/deny`, { digest, reason: "no" });
  await page.locator("#alarm", { hasText: "What you write is kept" }).waitFor();
  await stands(page, "denied");
  assert.equal(await words.inputValue(), "this is far too mu");
}

// A53
export async function a_page_that_was_cut_off_shows_what_it_missed(house) {
  const world = await house.open({ people: people({}) });
  const page = await world.owner();
  page.excused.push(AWAY);
  const { id, path } = await world.held("export_customers", { limit: 3 });
  await page.goto(path);
  await stands(page, "waits for people");
  await world.stop();
  assert.equal((await world.command("approvals", "deny", id, "--reason", "while nobody looked")).code, 0);
  await world.start();
  await stands(page, "denied");
  await says(page, "while nobody looked");
}
