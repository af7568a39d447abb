// What else than yes and no can be said in a browser?
import assert from "node:assert/strict";
import { people, says, stands, text, until } from "./world.mjs";

// A29, A34
export async function a_question_is_answered_by_the_agent_and_stands_as_its_own_word(house) {
  const world = await house.open({ wait: "500ms" });
  const page = await world.owner();
  await world.call("export_customers", { limit: 10 });
  const [{ id }] = await world.list();
  await page.goto(`/calls/${id}`);
  await page.getByText("Ask a question").click();
  await page.getByLabel("The agent is told, and answers for itself").fill("which ticket is it for?");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await says(page, "not answered yet");
  const held = await world.call("export_customers", { limit: 10 });
  assert.match(text(held), /which ticket is it for\?/);
  const { reference } = held.result._meta["dev.countersign/refusal"].waits;
  await world.call("countersign_wait", { reference, answer: "OPS-311 <b>approved</b>" });
  // The page hears of it by itself.
  const claim = page.locator(".claim");
  await claim.waitFor();
  assert.equal(await claim.innerText(), "OPS-311 <b>approved</b> the agent says, nobody checked");
  assert.equal(await claim.locator("b").count(), 0, "what it says is text");
  await stands(page, "waits for people");
}

// A32
export async function other_arguments_are_shown_as_a_difference_and_somebody_else_agrees(house) {
  const world = await house.open({ provider: true });
  const page = await world.owner();
  const { path, told } = await world.held("export_customers", { limit: 1000 });
  await page.goto(path);
  await page.getByText("Have other arguments sent").click();
  await page.getByLabel("The arguments, as JSON").fill('{ "limit": 5 }');
  await page.getByLabel("Why? The agent is told.", { exact: true }).last().fill("five will do");
  await page.getByRole("button", { name: "Show the difference" }).click();
  await page.getByRole("heading", { name: "Have this sent instead?" }).waitFor();
  assert.equal(await page.locator("del").innerText(), "1000");
  assert.equal(await page.locator("ins").innerText(), "5");
  const [{ digest }] = await world.list();
  await page.getByRole("button", { name: "Have this sent" }).click();
  await page.waitForURL(`**${path}`);
  await page.locator(".argument", { hasText: "5" }).filter({ hasNotText: "1000" }).waitFor();
  assert.notEqual((await world.list())[0].digest, digest, "it is another call now");
  assert.match(await page.locator(".notice").innerText(), /You cannot approve or deny this/);
  assert.equal(await page.getByRole("button", { name: "Approve", exact: true }).count(), 0);

  const ada = await world.colleague();
  await ada.goto(path);
  await says(ada, "wanted other arguments (made): five will do");
  await ada.getByRole("button", { name: "Approve", exact: true }).click();
  const answer = await told;
  assert.equal((text(answer).match(/@example.com/g) ?? []).length, 5);
  assert.deepEqual(answer.result._meta["dev.countersign/edited"], { "/limit": "5" });
  await stands(page, "approved, and ran");
}

export async function what_is_no_json_or_changes_nothing_is_not_asked_for(house) {
  const world = await house.open();
  const page = await world.owner();
  page.excused.push(/status of 400/);
  const { path } = await world.held("export_customers", { limit: 1000 });
  for (const [wish, why] of [["{ limit: 5 }", "this is no JSON"], ['{"limit": 1000}', "nothing in it differs"]]) {
    await page.goto(path);
    await page.getByText("Have other arguments sent").click();
    await page.getByLabel("The arguments, as JSON").fill(wish);
    await page.getByLabel("Why? The agent is told.", { exact: true }).last().fill("x");
    await page.getByRole("button", { name: "Show the difference" }).click();
    await says(page, why);
  }
}

// A33
export async function who_would_be_asked_later_is_asked_at_once(house) {
  const world = await house.open();
  const page = await world.owner();
  const { id, path } = await world.held("export_customers", { limit: 10 });
  await page.goto(path);
  await page.getByText("Ask more people now").click();
  await page.getByRole("button", { name: "Ask them now" }).click();
  await says(page, "had those asked at once who would be asked later");
  assert.equal(await page.getByText("Ask more people now").count(), 0, "once is enough");
  const { stdout } = await world.command("approvals", "show", id, "--json");
  assert.ok(JSON.parse(stdout).escalated);
}

// A21
export async function nobody_approves_a_call_of_their_own_but_they_can_give_it_up(house) {
  const world = await house.open({ people: people({}, ["key:mine"]) });
  const mine = await world.makeKey("mine", []);
  const page = await world.owner();
  const { path, told } = await world.held("find_orders", { customer: "Ada" }, mine);
  await page.goto(path);
  assert.match(await page.locator(".notice").innerText(), /You cannot approve or deny this/);
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
  await page.getByText("Give this call up").click();
  await page.getByRole("button", { name: "Give it up" }).click();
  await stands(page, "given up");
  assert.ok((await told).result.isError);
}

// A36
export async function a_grant_that_was_narrowed_is_used_and_nobody_is_asked(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path, told } = await world.held("find_orders", { customer: "Ada" });
  await page.goto(path);
  await page.getByText("Agree to calls like it for a while").click();
  await page.getByLabel("Agree to calls like it too").check();
  await page.getByLabel("How often").fill("2");
  await page.getByLabel("For how long").fill("10m");
  await page.getByLabel("/customer").check();
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  assert.match(text(await told), /Ada Lovelace/);
  const again = await world.call("find_orders", { customer: "Customer 8" });
  assert.match(text(again), /Customer 8/);
  assert.ok(again.result._meta["dev.countersign/grant"], "the agent is told why nobody was asked");
  const { id } = await world.held("find_orders", { customer: "Customer 12" });
  await page.goto(`/calls/${id}`);
  await stands(page, "waits for people");
}

export async function more_than_a_rule_allows_is_not_granted(house) {
  const world = await house.open();
  const page = await world.owner();
  page.excused.push(/status of 4\d\d/);
  const { path } = await world.held("find_orders", { customer: "Ada" });
  await page.goto(path);
  await page.getByText("Agree to calls like it for a while").click();
  await page.getByLabel("Agree to calls like it too").check();
  await page.getByLabel("How often").fill("500");
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.locator("[data-code]").waitFor();
  assert.equal((await world.list()).length, 1, "and nothing was approved");
}

export async function an_approval_is_taken_back_before_it_is_used(house) {
  const world = await house.open({ wait: "300ms" });
  const page = await world.owner();
  await world.call("export_customers", { limit: 10 });
  const [{ id }] = await world.list();
  await page.goto(`/calls/${id}`);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await stands(page, "approved, not yet run");
  await page.getByText("Take the approval back").click();
  await page.getByRole("button", { name: "Take it back" }).click();
  await stands(page, "approval taken back");
  await until("it is over", async () => (await world.list()).length === 0);
}
