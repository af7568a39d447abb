// Is a call decided with as much care as it needs, and with no more?
import assert from "node:assert/strict";
import { people, says, stands, text, until } from "./world.mjs";

const CONFLICT = /status of 4(00|03|09|22)/;

// A27, A31, A36
export async function one_tap_in_the_list_approves_what_is_of_low_risk(house) {
  const world = await house.open();
  const page = await world.owner();
  const { id, told } = await world.held("find_orders", { customer: "Ada" });
  const row = page.locator(`#row-${id}`);
  await row.getByText("low risk").waitFor();
  for (const part of ["find_orders", "customer = Ada", "shop-bot", "orders are personal", "left"]) {
    assert.ok((await row.innerText()).includes(part), `${part}: ${await row.innerText()}`);
  }
  await row.getByRole("button", { name: "Approve" }).click();
  assert.match(text(await told), /customer: Ada Lovelace/, "the agent has what the tool really said");
  await says(page, "Nothing waits for you.");
  await page.getByRole("link", { name: "Decided" }).click();
  await page.locator(`#row-${id}`).getByText("approved, and ran").waitFor();
}

// A27, A29, A30
export async function a_card_says_who_asks_why_people_are_asked_and_what_would_be_sent(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path, told } = await world.held("drop_table", { table: "carts" });
  await page.goto(path);
  const fact = async (name) => page.locator(".facts > div", { has: page.locator("dt", { hasText: name }) }).locator("dd").innerText();
  assert.match(await fact("Agent"), /shop-bot\s+proven/);
  assert.match(await fact("Account"), /key:bot\s+proven/);
  assert.match(await fact("Client"), /browser-test 1\s+its own word/);
  assert.match(await fact("Runs in"), /production/);
  const because = await page.locator(".because").innerText();
  assert.match(because, /all that is in it would be gone: carts\s+shop\/drops[^]*Instead: archive it first/);
  assert.match(await page.locator(".clock").innerText(), /left until .* UTC\)\. If nobody decides by then, it is refused/);
  await page.locator("#sent").click();
  assert.match(await page.locator(".argument").innerText(), /table\s+carts/);
  const { digest } = await world.list().then((list) => list.find((card) => path.endsWith(card.id)));
  assert.equal(await page.locator(".digest").innerText(), digest, "the page and the command line name the same bytes");
  await page.getByRole("link", { name: "Exactly as it would be sent" }).click();
  assert.match(await page.locator("body").innerText(), /"table": ?"carts"/);
  await page.goBack();
  await page.getByRole("link", { name: "Deny…" }).click();
  await page.locator("#deny").getByLabel("Nobody asked for this.").check();
  await page.locator("#deny").getByRole("button", { name: "Deny" }).click();
  assert.match(text(await told), /Nobody asked for this/);
}

// A30, A31
export async function what_is_of_high_risk_is_read_before_it_is_approved(house) {
  const world = await house.open();
  const page = await world.owner();
  const { id, path, told } = await world.held("drop_table", { table: "carts" });
  assert.equal(await page.locator(`#row-${id}`).getByRole("button").count(), 0, "the list approves nothing of high risk");
  await page.goto(path);
  assert.ok(!(await page.locator("#sent-details").getAttribute("open")), "it is closed at first");
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await says(page, "Read what would be sent first.");
  await page.locator(".argument").waitFor();
  assert.equal((await world.list()).length, 1, "it still waits");
  // The page is one thing, the gateway another: a form sent without the script is refused as well.
  page.excused.push(CONFLICT);
  await page.evaluate(() => HTMLFormElement.prototype.submit.call(document.getElementById("decide")));
  await page.locator("[data-code=look_first]").waitFor();
  assert.equal((await world.list()).length, 1, "it still waits");
  await page.getByRole("link", { name: "See the call as it is now" }).click();
  await page.locator("#sent").click();
  await page.getByLabel("I have read what would be sent").check();
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  assert.equal(text(await told), "carts is gone");
  await stands(page, "approved, and ran");
}

// A30, A31
export async function what_is_critical_is_named_before_it_is_approved(house) {
  const world = await house.open();
  const page = await world.owner();
  page.excused.push(CONFLICT);
  const { path, told } = await world.held("drop_table", { table: "orders" });
  await page.goto(path);
  const typed = page.getByLabel("Type drop_table to approve");
  const approve = page.getByRole("button", { name: "Approve", exact: true });
  const read = async (named) => {
    await page.locator("#sent").click();
    await page.getByLabel("I have read what would be sent").check();
    await typed.fill(named);
    await approve.click();
  };
  await read("drop-table");
  await page.locator("[data-code=look_first]").waitFor();
  assert.equal((await world.list()).length, 1, "it still waits");
  await page.getByRole("link", { name: "See the call as it is now" }).click();
  await typed.fill("drop_table");
  await approve.click();
  await says(page, "Read what would be sent first.");
  await page.reload();
  await read("drop_table");
  assert.equal(text(await told), "orders is gone");
}

// A31
export async function a_no_tells_the_agent_the_reasons_that_were_picked_and_written(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path, told } = await world.held("export_customers", { limit: 1000 });
  await page.goto(path);
  await page.getByRole("link", { name: "Deny…" }).click();
  const panel = page.locator("#deny");
  await panel.getByLabel("This does too much at once; ask for less.").check();
  await panel.getByLabel("In your words").fill("ten are enough, see OPS-311");
  await panel.getByRole("button", { name: "Deny" }).click();
  await stands(page, "denied");
  const heard = text(await told);
  assert.match(heard, /This does too much at once; ask for less\. ten are enough, see OPS-311/);
  await says(page, "said no");
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0, "nothing is left to decide");
}

export async function a_no_without_a_reason_is_not_taken(house) {
  const world = await house.open();
  const page = await world.owner();
  page.excused.push(/status of 400/);
  const { path } = await world.held("export_customers", { limit: 1 });
  await page.goto(path);
  await page.getByRole("link", { name: "Deny…" }).click();
  await page.locator("#deny").getByRole("button", { name: "Deny" }).click();
  await says(page, "say why, or pick a reason");
  assert.equal((await world.list()).length, 1);
}

// A31, APR-01
export async function who_taps_twice_answers_once(house) {
  const world = await house.open();
  const page = await world.owner();
  const { id, told } = await world.held("find_orders", { customer: "Ada" });
  const answers = [];
  page.on("request", (request) => { if (request.method() === "POST") answers.push(request.url()); });
  await page.locator(`#row-${id}`).getByRole("button", { name: "Approve" }).dblclick();
  assert.match(text(await told), /Ada Lovelace/);
  await says(page, "Nothing waits for you.");
  assert.equal(answers.length, 1, answers.join());
  const { stdout } = await world.command("approvals", "show", id, "--json");
  assert.equal(JSON.parse(stdout).votes.length, 1);
}

// A31, APR-02
export async function an_answer_to_what_was_changed_meanwhile_is_told_what_it_is_now(house) {
  const world = await house.open({ people: people({ ida: ["key:ida"] }) });
  const ida = await world.makeKey("ida", []);
  const page = await world.owner();
  page.excused.push(CONFLICT);
  const { id, path, told } = await world.held("export_customers", { limit: 1000 });
  await page.goto(path);
  // Whoever writes keeps the page they write on.
  await page.getByLabel("Why (kept with your answer)").fill("fine by me");
  const { digest } = await world.api(ida, `/approvals/${id}`);
  assert.equal((await world.api(ida, `/approvals/${id}/edit`, { digest, set: { "/limit": 7 }, reason: "fewer" })).status, 200);
  await until("it is changed", async () => (await world.api(ida, `/approvals/${id}`)).digest !== digest);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.locator("[data-code=stale]").waitFor();
  await says(page, "waits for people");
  await page.getByRole("link", { name: "See the call as it is now" }).click();
  assert.match(await page.locator(".argument").innerText(), /limit\s+7/);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  assert.equal((text(await told).match(/@example.com/g) ?? []).length, 7, "what was seen was sent");
}
