// Is a page there before anybody waits for it, however much is open?
import assert from "node:assert/strict";
import { until } from "./world.mjs";

const MANY = 1000;
const AT_ONCE = 25;
const LOOKS = 20;

// A36
export async function an_inbox_with_a_thousand_open_calls_is_there_at_once(house) {
  const limits = `waiting_per_caller = ${MANY + 10}\nstreams_per_principal = ${MANY + 10}\nsessions_per_principal = ${MANY + 10}`;
  const world = await house.open({ wait: "100ms", limits });
  const page = await world.owner();
  let next = 0;
  const work = async () => {
    for (let number = next++; number < MANY; number = next++) {
      const told = await world.call("find_orders", { customer: `Customer ${number}` });
      assert.ok(JSON.stringify(told).includes("reference"), JSON.stringify(told));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const [{ name, value }] = await page.context().cookies();
  const look = async (path) => {
    const begun = performance.now();
    const answer = await fetch(world.base + path, { headers: { cookie: `${name}=${value}`, connection: "keep-alive" } });
    const first = performance.now() - begun;
    const text = await answer.text();
    assert.equal(answer.status, 200);
    return { first, text, size: Buffer.byteLength(text) };
  };
  const median = async (path) => {
    const times = [];
    let size = 0;
    for (let number = 0; number < LOOKS; number += 1) {
      const seen = await look(path);
      times.push(seen.first);
      size = seen.size;
    }
    return { time: times.sort((one, other) => one - other)[LOOKS / 2], size };
  };
  const inbox = await median("/inbox");
  const open = await median("/inbox?show=open");
  const [, id] = /id="row-([0-9a-f-]+)"/.exec((await look("/inbox")).text);
  const card = await median(`/calls/${id}`);
  const kind = process.env.COUNTERSIGN_RELEASE ? "release" : "debug";
  for (const [what, { time, size }] of Object.entries({ inbox, "all open": open, card })) {
    house.figure(`${what} with ${MANY} open calls (${kind}): first byte after ${time.toFixed(1)} ms, ${(size / 1024).toFixed(1)} KiB`);
  }
  assert.ok(inbox.size < 150 * 1024 && open.size < 150 * 1024, "the inbox is below 150 KiB");
  assert.ok(card.size < 30 * 1024, "a card is below 30 KiB");
  if (process.env.COUNTERSIGN_RELEASE) assert.ok(inbox.time < 50, `${inbox.time} ms`);
  await page.reload();
  await until("they are listed", async () => (await page.locator(".row").count()) > 0);
}
