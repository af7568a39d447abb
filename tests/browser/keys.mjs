// Is everything that matters done without a mouse, and nothing by accident?
import assert from "node:assert/strict";
import { says, stands, text, until } from "./world.mjs";

const focused = (page) => page.evaluate(() => {
  const at = document.activeElement;
  return at.name || at.id || (at.textContent ?? "").trim().slice(0, 30);
});

/** Goes on with the tabulator until it stands on what is meant. */
async function tabTo(page, wanted) {
  for (let step = 0; step < 60; step += 1) {
    if ((await focused(page)) === wanted) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the tabulator never comes to ${wanted}; it is at ${await focused(page)}`);
}

// A31
export async function from_the_link_to_the_answer_with_the_keyboard_alone(house) {
  const world = await house.open();
  const page = await world.person();
  await page.goto(await world.link());
  await tabTo(page, "Sign in");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/inbox");
  const low = await world.held("find_orders", { customer: "Ada" });
  const other = await world.held("export_customers", { limit: 10 });
  await page.locator(`#row-${other.id}`).waitFor();
  // The newest is first; j and k go down and up.
  for (const key of ["j", "j", "k", "j"]) await page.keyboard.press(key);
  await page.keyboard.press("o");
  await page.waitForURL(`**${low.path}`);
  await page.keyboard.press("a");
  assert.equal(await focused(page), "Approve");
  assert.equal((await world.list()).length, 2, "a goes there and no further");
  await page.keyboard.press("Enter");
  assert.match(text(await low.told), /Ada Lovelace/);
  await stands(page, "approved, and ran");
  await page.keyboard.press("g");
  await page.waitForURL("**/inbox");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${other.path}`);
  await page.keyboard.press("d");
  await page.keyboard.press("Space");
  await tabTo(page, "reason");
  await page.keyboard.type("too many, a d e q j k o ?");
  await tabTo(page, "Deny");
  await page.keyboard.press("Enter");
  await stands(page, "denied");
  assert.match(text(await other.told), /This is the wrong target\. too many, a d e q j k o \?/);
}

// A30, A31
export async function no_single_key_approves_what_is_of_high_risk(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path, told } = await world.held("drop_table", { table: "carts" });
  await page.goto(path);
  for (const key of ["Enter", "a", "Enter", "y", "a"]) await page.keyboard.press(key);
  assert.equal((await world.list()).length, 1, "it still waits");
  assert.equal(await focused(page), "read");
  await page.keyboard.press("Space");
  await tabTo(page, "Approve");
  await page.keyboard.press("Enter");
  assert.equal(text(await told), "carts is gone");
}

export async function e_and_q_open_what_they_stand_for(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path } = await world.held("export_customers", { limit: 10 });
  await page.goto(path);
  await page.keyboard.press("q");
  assert.equal(await focused(page), "question");
  await page.keyboard.type("why? e a d");
  assert.equal(await page.locator("[name=question]").inputValue(), "why? e a d", "who writes presses no keys");
  await page.reload();
  await page.keyboard.press("e");
  assert.equal(await focused(page), "arguments");
}

// 2.1.4 of WCAG: single keys can be switched off.
export async function keys_are_told_and_can_be_switched_off(house) {
  const world = await house.open();
  const page = await world.owner();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keys" });
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /next, previous call/);
  await dialog.getByLabel("Listen to keys").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  const { path } = await world.held("export_customers", { limit: 10 });
  await page.goto(path);
  for (const key of ["d", "q", "e", "a", "g"]) await page.keyboard.press(key);
  assert.equal(await focused(page), await page.evaluate(() => document.body.textContent.trim().slice(0, 30)), "nothing was opened");
  assert.ok(page.url().endsWith(path));
  await page.keyboard.press("?");
  await page.getByLabel("Listen to keys").check();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await until("keys are heard again", async () => {
    await page.keyboard.press("q");
    return (await focused(page)) === "question";
  });
}

export async function who_comes_by_keyboard_skips_to_the_content(house) {
  const world = await house.open();
  const page = await world.owner();
  await page.keyboard.press("Tab");
  await says(page, "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "main");
}
