// Can somebody else than the person at the browser decide with it?
import assert from "node:assert/strict";
import { RULES, people, stands, text } from "./world.mjs";

const SIGNED_IN = `${RULES}
hold contains {
	"id": "looked-at", "reason": "somebody must look", "severity": "low", "reviewers": ["role:reviewer"], "evidence": "session",
} if input.call.target == "list_products"
`;

// A21, A22, IDN-13
export async function neither_an_agent_nor_the_command_line_says_yes_where_a_browser_is_wanted(house) {
  const world = await house.open({ rules: SIGNED_IN, people: people({ ida: ["key:ida"] }) });
  const ida = await world.makeKey("ida", []);
  const { id, path, told } = await world.held("list_products", {});
  const { digest } = await world.api(ida, `/approvals/${id}`);

  // What an agent that runs as the same user has: its own key, that of somebody else, the command line.
  assert.equal((await world.api(world.key, `/approvals/${id}/approve`, { digest })).status, 403, "an agent");
  const other = await world.api(ida, `/approvals/${id}/approve`, { digest });
  assert.deepEqual([other.status, other.code], [403, "evidence_required"]);
  const { code, stderr, stdout } = await world.command("approvals", "approve", id, "--reason", "it is me");
  assert.equal(code, 5, stderr + stdout);

  // The pages know no keys.
  for (const key of [world.key, ida]) {
    const authorization = `Bearer ${key}`;
    const look = await fetch(`${world.base}${path}`, { headers: { authorization }, redirect: "manual" });
    assert.equal(look.status, 303);
    const headers = { authorization, origin: world.base, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
    const say = await fetch(`${world.base}${path}/approve`, { method: "POST", headers, body: `digest=${digest}`, redirect: "manual" });
    assert.ok([401, 403].includes(say.status), `${say.status}`);
  }
  assert.equal((await world.list()).length, 1, "it still waits");

  const page = await world.owner();
  await page.locator(`#row-${id}`).getByRole("button", { name: "Approve" }).click();
  assert.match(text(await told), /fountain pen/);
}

// IDN-08
export async function a_form_of_another_site_decides_nothing(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path, told } = await world.held("find_orders", { customer: "Ada" });
  const [{ digest }] = await world.list();
  await page.goto(path);
  const token = await page.locator("#decide [name=form]").inputValue();
  // One has another port, which browsers call the same site; one another name. The worse case: they even know the token.
  for (const host of ["localhost", "127.0.0.1"]) {
    const site = await world.neighbour(host, `<form method="post" action="${world.base}${path}/approve">
      <input name="digest" value="${digest}"><input name="form" value="${token}"><button>You have won</button></form>`);
    const there = await world.window(page);
    there.excused.push(/status of 403/);
    await there.goto(site);
    const [answer] = await Promise.all([
      there.waitForResponse((response) => response.url().endsWith("/approve")),
      there.getByRole("button").click(),
    ]);
    assert.equal(answer.status(), 403, host);
    assert.equal((await world.list()).length, 1, `${host}: it still waits`);
  }
  // Nor one of our own without what this browser's forms carry.
  page.excused.push(/status of 403/);
  for (const form of ["", "form=", `form=${"0".repeat(64)}`]) {
    const body = `digest=${digest}&${form}`;
    const ask = ([to, text]) => fetch(to, { method: "POST", body: new URLSearchParams(text) }).then((answer) => answer.status);
    assert.equal(await page.evaluate(ask, [`${path}/approve`, body]), 403, form);
  }
  assert.equal((await world.list()).length, 1);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  assert.match(text(await told), /Ada Lovelace/, "the same browser, on our page, does");
}

// IDN-09
export async function no_page_of_ours_stands_in_a_frame(house) {
  const world = await house.open();
  const page = await world.owner();
  const { path } = await world.held("find_orders", { customer: "Ada" });
  for (const host of ["localhost", "127.0.0.1"]) {
    const there = await world.window(page);
    there.excused.push(/frame-ancestors|X-Frame-Options|Refused to (frame|display)|Framing/);
    await there.goto(await world.neighbour(host, `<iframe src="${world.base}${path}"></iframe>`));
    await there.waitForLoadState("networkidle");
    const [, frame] = there.frames();
    assert.ok(frame.url().startsWith("chrome-error:"), frame.url());
  }
  const { headers } = await fetch(`${world.base}/sign-in`);
  assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.equal(headers.get("x-frame-options"), "DENY");
}

// REN-10
export async function a_script_that_came_to_stand_on_a_page_does_not_run(house) {
  const world = await house.open();
  const page = await world.owner();
  page.excused.push(/Content Security Policy/);
  const { path } = await world.held("find_orders", { customer: "Ada" });
  await page.goto(path);
  await page.evaluate(() => {
    const put = (html) => document.body.append(document.createRange().createContextualFragment(html));
    put("<script>window.ran = 'inline'</script>");
    put("<img src=x: onerror=\"window.ran = 'handler'\">");
    put("<script src='https://evil.example/x.js'></script>");
    put("<img src='https://evil.example/x.png'><iframe src='https://evil.example/'></iframe>");
    put("<form action='https://evil.example/' method=post><button id=away>x</button></form><a id=js href=\"javascript:window.ran='link'\">x</a>");
  });
  await page.evaluate(() => { document.getElementById("js").click(); document.getElementById("away").click(); });
  await page.evaluate(() => fetch("https://evil.example/").catch(() => {}));
  assert.equal(await page.evaluate(() => window.ran), undefined);
  // What was written over the whole page runs no more than that.
  await page.evaluate(() => { document.write("<p>written</p><script>window.ran = 'written'</script>"); document.close(); });
  assert.deepEqual(await page.evaluate(() => [document.body.innerText, window.ran]), ["written", undefined]);
  assert.ok(page.url().endsWith(path));
}

export async function what_a_page_is_made_of_is_ours_and_kept_by_nobody(house) {
  const world = await house.open();
  const page = await world.owner();
  const asked = [];
  page.on("response", (response) => asked.push(response));
  const { path } = await world.held("find_orders", { customer: "Ada" });
  await page.goto(path);
  await stands(page, "waits for people");
  for (const response of asked) {
    const headers = response.headers();
    assert.equal(headers["x-content-type-options"], "nosniff", response.url());
    if (!response.url().includes("/assets/")) assert.equal(headers["cache-control"], "no-store", response.url());
  }
  assert.ok(asked.some((response) => response.url().includes("/assets/style-")));
}
