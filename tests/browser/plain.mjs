// Does everything that matters work without any script?
import assert from "node:assert/strict";
import { says, stands, text } from "./world.mjs";

const PLAIN = { javaScriptEnabled: false };

// A31
export async function without_a_script_people_sign_in_approve_and_deny(house) {
  const world = await house.open();
  const page = await world.owner(PLAIN);
  const low = await world.held("find_orders", { customer: "Ada" });
  const other = await world.held("export_customers", { limit: 10 });
  await page.reload();
  await page.locator(`#row-${low.id}`).getByRole("button", { name: "Approve" }).click();
  assert.match(text(await low.told), /Ada Lovelace/);
  await page.getByRole("link", { name: "export_customers" }).click();
  assert.match(await page.locator(".clock").innerText(), /\d+ (min|s) left until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\./);
  await page.getByRole("link", { name: "Deny…" }).click();
  await page.locator("#deny").getByLabel("Not now; ask again later.").check();
  await page.locator("#deny").getByRole("button", { name: "Deny" }).click();
  await stands(page, "denied");
  assert.match(text(await other.told), /Not now; ask again later\./);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
}

// A30, A31
export async function without_a_script_what_is_bad_is_still_read_and_named_first(house) {
  const world = await house.open();
  const page = await world.owner(PLAIN);
  page.excused.push(/status of 400/);
  const { path, told } = await world.held("drop_table", { table: "orders" });
  await page.goto(path);
  await page.getByLabel("Type drop_table to approve").fill("drop_table");
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.locator("[data-code=look_first]").waitFor();
  assert.equal((await world.list()).length, 1, "it still waits");
  await page.getByRole("link", { name: "See the call as it is now" }).click();
  await page.locator("#sent").click();
  await page.getByLabel("I have read what would be sent").check();
  await page.getByLabel("Type drop_table to approve").fill("drop_table");
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  assert.equal(text(await told), "orders is gone");
}

// A32
export async function without_a_script_other_arguments_are_sent(house) {
  const world = await house.open();
  const page = await world.owner(PLAIN);
  const { path } = await world.held("export_customers", { limit: 1000 });
  await page.goto(path);
  await page.getByText("Have other arguments sent").click();
  await page.getByLabel("The arguments, as JSON").fill('{ "limit": 5 }');
  await page.getByLabel("Why? The agent is told.", { exact: true }).last().fill("five will do");
  await page.getByRole("button", { name: "Show the difference" }).click();
  assert.equal(await page.locator("ins").innerText(), "5");
  await page.getByRole("button", { name: "Have this sent" }).click();
  await page.waitForURL(`**${path}`);
  await says(page, "wanted other arguments");
}
