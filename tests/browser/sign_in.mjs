// Who is let in, as whom, and for how long?
import assert from "node:assert/strict";
import { people, says, stands, text, until } from "./world.mjs";

const COOKIE = "countersign";

// A56
export async function a_link_signs_one_browser_in_and_looking_at_it_uses_nothing_up(house) {
  const world = await house.open();
  const link = await world.link();
  // Whatever looks at links before people do: chats, scanners.
  for (let number = 0; number < 3; number += 1) assert.equal((await fetch(link)).status, 200);
  const page = await world.person();
  await page.goto("/calls/01");
  await page.waitForURL("**/sign-in?then=*");
  await says(page, "open the link that it printed");
  await page.goto(link);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/inbox");
  const other = await world.person();
  other.excused.push(/status of 4\d\d/);
  await other.goto(link);
  await other.getByRole("button", { name: "Sign in" }).click();
  await says(other, "this link was used before");
  assert.deepEqual(await other.context().cookies(), [], "and whoever came second is nobody");
}

// A56
export async function the_cookie_is_kept_from_scripts_and_from_other_sites(house) {
  const world = await house.open();
  const page = await world.owner();
  const [cookie, ...more] = await page.context().cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.path, more.length], [COOKIE, true, "Lax", "/", 0]);
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.ok(!(await page.content()).includes(cookie.value), "it is on no page");
}

// A56
export async function who_signs_out_is_out_in_every_window_and_the_cookie_is_worth_nothing(house) {
  const world = await house.open();
  const page = await world.owner();
  const window = await world.window(page);
  await window.goto("/inbox");
  const [{ value }] = await page.context().cookies();
  const ask = () => fetch(`${world.base}/inbox`, { headers: { cookie: `${COOKIE}=${value}` }, redirect: "manual" });
  assert.equal((await ask()).status, 200);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  await window.reload();
  await window.waitForURL("**/sign-in?then=*");
  assert.equal((await ask()).status, 303, "who had copied it is out too");
}

// A56
export async function who_does_nothing_for_too_long_is_asked_again(house) {
  const world = await house.open({ settings: '[review]\nidle = "3s"' });
  const page = await world.owner();
  const [{ value }] = await page.context().cookies();
  const ask = async () => (await fetch(`${world.base}/inbox`, { headers: { cookie: `${COOKIE}=${value}` }, redirect: "manual" })).status;
  // Whoever works stays.
  const busy = Date.now() + 4_500;
  await until("they worked for longer than that", async () => {
    assert.equal(await ask(), 200);
    return Date.now() > busy;
  });
  const rest = Date.now() + 3_500;
  await until("they rested for longer than that", () => Date.now() > rest);
  assert.equal(await ask(), 303);
  await page.goto("/inbox?show=open");
  await page.waitForURL("**/sign-in?then=*");
}

// A22, A56
export async function a_provider_says_who_somebody_is_and_their_group_what_they_may(house) {
  const world = await house.open({ provider: true, people: people({}) });
  const { id, told } = await world.held("find_orders", { customer: "Ada" });
  const page = await world.colleague();
  assert.match(await page.locator(".who").innerText(), /ada@example\.com/);
  await page.locator(`#row-${id}`).getByRole("button", { name: "Approve" }).click();
  assert.match(text(await told), /Ada Lovelace/);
  const card = JSON.parse((await world.command("approvals", "show", id, "--json")).stdout);
  assert.match(JSON.stringify(card.votes[0].by), /#4711/, "the person behind the click is in the record");
  const [cookie] = (await page.context().cookies()).filter((one) => one.name === COOKIE);
  assert.ok(cookie.httpOnly && cookie.sameSite === "Lax");
}

// A22, A56
export async function who_has_no_part_in_a_call_does_not_learn_that_it_exists(house) {
  const world = await house.open({ provider: true, people: people({}) });
  const { path } = await world.held("find_orders", { customer: "Ada" });
  const eve = await world.colleague({ sub: "666", name: "Eve", email: "eve@example.com", groups: ["sales"] });
  eve.excused.push(/status of 404/);
  for (const show of ["mine", "open", "decided"]) {
    await eve.goto(`/inbox?show=${show}`);
    assert.equal(await eve.locator(".row").count(), 0);
  }
  await eve.goto(path);
  await eve.locator("[data-code=unknown]").waitFor();
  const there = await eve.locator("main").innerText();
  await eve.goto("/calls/01a20175-0000-7000-8000-000000000000");
  assert.equal(await eve.locator("main").innerText(), there, "one that never was looks the same");
  assert.equal((await eve.goto(`${path}/sent`)).status(), 404);
}

// A56
export async function who_signs_in_comes_back_to_what_they_wanted_to_see(house) {
  const world = await house.open({ provider: true, people: people({}) });
  const { path } = await world.held("export_customers", { limit: 2 });
  const page = await world.person();
  await page.goto(path);
  await page.getByRole("link", { name: "Continue with Acme" }).click();
  await page.waitForURL(`**${path}`);
  await stands(page, "waits for people");
}
