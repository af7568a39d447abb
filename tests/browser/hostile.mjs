// Can what an agent sends pass for something else in the eyes of whoever decides?
import assert from "node:assert/strict";
import { people, says, stands, text } from "./world.mjs";

/** Each by what it tries; `seen` must stand on the page, and what is sent is read back from it. */
const TRICKS = {
  // REN-10
  html: { sent: "</pre></details></form><h1>Approved</h1><a href=https://evil.example>x</a>", seen: "</pre></details></form><h1>Approved</h1>" },
  script: { sent: "<script>window.ran = 1</script><img src=x onerror=window.ran=2>\"'><svg/onload=window.ran=3>", seen: "<script>window.ran = 1</script>" },
  svg: { sent: "<svg xmlns='http://www.w3.org/2000/svg'><image href='https://evil.example/x.png'/><foreignObject>low risk</foreignObject></svg>", seen: "<foreignObject>" },
  entities: { sent: "&lt;b&gt; &#x202e; {{ frame.nonce }} {% include 'x' %} ${1}", seen: "&lt;b&gt; &#x202e; {{ frame.nonce }}" },
  // REN-02
  banner: { sent: "\n\n# ✅ APPROVED by ada at 04:10\n```\n</code>*Risk:* low\n", seen: "✅ APPROVED by ada at 04:10" },
  // REN-03
  link: { sent: "[https://shop.example](https://evil.example) https://evil.example/a", seen: "https://evil.example/a" },
  // REN-04
  bidi: { sent: "invoice\u202Efdp.exe \u2066x\u2069 \u200Fy", seen: "invoiceU+202Efdp.exe U+2066xU+2069 U+200Fy" },
  // REN-05
  width: { sent: "pass\u200Bword\uFEFF\u00AD\u2060 ad\u200Dmin\u{E0041}", seen: "passU+200BwordU+FEFFU+00ADU+2060 adU+200DminU+E0041" },
  // REN-06: what looks like Latin and is not stands there as it is; it is not made into a link.
  alike: { sent: "https://\u0430\u0440\u0440\u04CF\u0435.com/login", seen: "https://" },
  // REN-08
  blank: { sent: `harmless${"\n".repeat(1000)}drop everything`, seen: "1000 line ends" },
  spaces: { sent: `harmless${" ".repeat(5000)}drop everything`.slice(0, 1700), seen: "spaces" },
  // REN-11
  terminal: { sent: "\u001b[2J\u001b[1;1Happroved\u0007\b\u0000\u009b31m\r", seen: "U+001B[2JU+001B[1;1HapprovedU+0007U+0008U+0000U+009B31mU+000D" },
  // REN-14
  binary: { sent: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("base64"), seen: "AAECAwQF" },
};

/** What a shown argument says was sent: marks are turned back into what they stand for. */
const readBack = (shown) => shown.evaluate((part) => {
  const walk = document.createTreeWalker(part, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  let said = "", after = false;
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.nodeName === "MARK") {
      const [, code] = /^U\+([0-9A-F]+)$/.exec(node.textContent) ?? [];
      const [, count, what] = /^(\d+) (spaces|line ends)$/.exec(node.textContent) ?? [];
      said += code ? String.fromCodePoint(parseInt(code, 16)) : (what === "spaces" ? " " : "\n").repeat(Number(count));
      after = what === "line ends";
    } else if (node.nodeType === 3 && node.parentNode.nodeName !== "MARK") {
      said += after ? node.data.replace(/^\n/, "") : node.data;
      after = false;
    }
  }
  return said;
});

/** What nothing that was sent may make of a page. */
async function isWhole(page) {
  const found = await page.evaluate(() => ({
    ran: window.ran,
    heads: document.querySelectorAll("h1").length,
    strays: document.querySelectorAll("main svg, main img, main script, main iframe, main object, main [onerror], main [onload], main [style]").length,
    links: [...document.querySelectorAll("main a")].map((link) => link.href).filter((href) => new URL(href).origin !== location.origin),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  assert.deepEqual(found, { ran: undefined, heads: 1, strays: 0, links: [], wide: 0 });
}

// REN-02, REN-03, REN-04, REN-05, REN-06, REN-08, REN-10, REN-11, REN-13, REN-14
export async function whatever_is_sent_is_shown_as_what_it_is_and_alike_everywhere(house) {
  const world = await house.open({ people: people({ ida: ["key:ida"] }) });
  const ida = await world.makeKey("ida", []);
  const page = await world.owner({ viewport: { width: 390, height: 800 } });
  for (const [name, { sent, seen }] of Object.entries(TRICKS)) {
    const { id, path } = await world.held("find_orders", { customer: sent });
    await isWhole(page);
    await page.goto(path);
    await stands(page, "waits for people");
    await isWhole(page);
    await page.evaluate(() => { document.getElementById("sent-details").open = true; });
    const shown = page.locator(".argument pre");
    assert.ok((await shown.innerText()).includes(seen), `${name}: ${await shown.innerText()}`);
    assert.equal(await readBack(shown), sent, `${name}: the page`);
    const exact = await (await page.context().request.get(`${path}/sent`)).text();
    assert.equal(JSON.parse(exact).arguments.customer, sent, `${name}: the bytes that would be sent`);
    assert.equal((await world.api(ida, `/approvals/${id}`)).shown.params.arguments.customer, sent, `${name}: the interface`);
    const { stdout } = await world.command("approvals", "show", id, "--json");
    assert.equal(JSON.parse(stdout).shown.params.arguments.customer, sent, `${name}: the command line`);
    const plain = (await world.command("approvals", "show", id)).stdout;
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]/.test(plain), `${name}: a terminal is told nothing`);
    // What it wrote stands only where what it wrote is shown.
    const strays = await page.evaluate(() => {
      const copy = document.querySelector("main").cloneNode(true);
      for (const theirs of copy.querySelectorAll(".theirs, .argument, textarea, .claim")) theirs.remove();
      return copy.innerText;
    });
    assert.ok(!/APPROVED|evil\.example|window\.ran|invoice/.test(strays), `${name}: ${strays}`);
    await world.command("approvals", "deny", id, "--reason", "no");
    await page.goto("/inbox");
  }
}

// REN-04, REN-05
export async function what_hides_is_pointed_out(house) {
  const world = await house.open();
  const page = await world.owner();
  for (const [customer, marked] of [["invoice\u202Efdp.exe", 1], ["pass\u200Bword", 1], ["Ada Lovelace", 0]]) {
    const { path } = await world.held("find_orders", { customer });
    await page.goto(path);
    assert.equal(await page.getByText("Some characters in it would not be seen").count(), marked, customer);
  }
}

// REN-07
export async function what_waits_at_the_end_of_a_long_text_is_seen(house) {
  const world = await house.open();
  const page = await world.owner();
  const payload = "; drop table customers";
  const sent = "please find the orders of ".repeat(36_000).slice(0, 900 * 1024) + payload;
  const { id, path, told } = await world.held("find_orders", { customer: sent });
  assert.equal(await page.locator(`#row-${id}`).getByRole("button").count(), 0, "no tap in passing approves it");
  assert.ok((await page.locator(`#row-${id}`).innerText()).length < 1000, "a row stays a row");
  await page.goto(path);
  assert.equal(await page.getByText("Have other arguments sent").count(), 0, "nor is it as long as that to be changed");
  await page.locator("#sent").click();
  const shown = await page.locator(".argument").innerText();
  assert.ok(shown.includes(payload), "its end is shown");
  assert.match(shown, /\d{6} of 921622 characters are not shown here \(sha256:[0-9a-f]{12}…\)/);
  assert.match(shown, /Not all of it is shown here\. See all of it/);
  assert.ok((await page.content()).length < 30_000, "the card is not as long as what it shows");
  const exact = await (await page.context().request.get(`${path}/sent`)).text();
  assert.equal(JSON.parse(exact).arguments.customer, sent);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await says(page, "Read what would be sent first.");
  assert.equal((await world.list()).length, 1, "it still waits");
  await page.getByLabel("I have read what would be sent").check();
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  assert.match(text(await told), /too complex/, "all of it was sent: the shop's database has never heard anything so long");
}

// REN-10, REN-13
export async function what_is_changed_or_said_by_people_and_servers_is_text_too(house) {
  const world = await house.open();
  const page = await world.owner();
  const words = "<img src=x onerror=window.ran=1>\u202E done";
  const { path, told } = await world.held("export_customers", { limit: 1000, "<b>note</b>": words });
  await page.goto(path);
  await isWhole(page);
  await page.locator("#sent").click();
  assert.match(await page.locator(".argument").first().innerText(), /<b>note<\/b>[^]*U\+202E done/);
  await page.getByText("Have other arguments sent").click();
  await page.getByLabel("The arguments, as JSON").fill(JSON.stringify({ limit: 5, "<b>note</b>": `${words} <script>` }));
  await page.getByLabel("Why? The agent is told.", { exact: true }).last().fill(words);
  await page.getByRole("button", { name: "Show the difference" }).click();
  await page.locator("ins").first().waitFor();
  await isWhole(page);
  await page.getByRole("link", { name: "Back, change nothing" }).click();
  await page.getByRole("link", { name: "Deny…" }).click();
  await page.locator("#deny").getByLabel("In your words").fill(words);
  await page.locator("#deny").getByRole("button", { name: "Deny" }).click();
  await stands(page, "denied");
  await isWhole(page);
  assert.ok(text(await told).includes("done"));
}
