// Is a yes that wants a passkey given by nobody who has none?
import assert from "node:assert/strict";
import { RULES, says, stands, text } from "./world.mjs";

const SIGNED = `${RULES}
hold contains {
	"id": "signed", "reason": "somebody must sign", "severity": "low", "reviewers": ["role:reviewer"], "evidence": "passkey",
} if input.call.target == "list_products"
`;

/** Gives a browser an authenticator, as if one were built in. */
async function authenticator(page) {
  const line = await page.context().newCDPSession(page);
  await line.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await line.send("WebAuthn.addVirtualAuthenticator", { options });
  return { line, authenticatorId };
}

async function enrol(page) {
  await page.goto("/me");
  await says(page, "You have none yet.");
  await page.getByLabel("Name it").fill("this <b>laptop</b>");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("cell", { name: "this <b>laptop</b>" }).waitFor();
}

// A22, A56
export async function a_passkey_is_enrolled_signs_in_and_signs_a_yes(house) {
  const world = await house.open({ rules: SIGNED });
  const page = await world.owner();
  await authenticator(page);
  await enrol(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL("**/sign-in");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForURL("**/inbox");
  const { id, path, told } = await world.held("list_products", {});
  await page.locator(`#row-${id}`).waitFor();
  assert.equal(await page.locator(`#row-${id}`).getByRole("button").count(), 0, "no tap in passing signs");
  await page.goto(path);
  await page.getByRole("button", { name: "Sign and approve" }).click();
  assert.match(text(await told), /fountain pen/);
  await stands(page, "approved, and ran");
  const { votes } = JSON.parse((await world.command("approvals", "show", id, "--json")).stdout);
  assert.match(JSON.stringify(votes), /passkey/, "the record says by what");
}

// A21, A22, IDN-13
export async function a_signature_for_one_call_is_none_for_another_and_an_account_is_none_at_all(house) {
  const world = await house.open({ rules: SIGNED });
  const page = await world.owner();
  page.excused.push(/status of 4\d\d/);
  const bare = await world.held("list_products", {});
  await page.goto(bare.path);
  await says(page, "This wants your passkey, and you have none here.");
  await page.evaluate(() => HTMLFormElement.prototype.submit.call(document.getElementById("decide")));
  await page.locator("[data-code=evidence_required]").waitFor();
  assert.equal((await world.list()).length, 1, "it still waits");

  await authenticator(page);
  await enrol(page);
  await page.goto(bare.path);
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/approve"));
  const there = page.waitForEvent("framenavigated");
  await page.getByRole("button", { name: "Sign and approve" }).click();
  const signed = new URLSearchParams((await sent).postData());
  await there;
  assert.match(text(await bare.told), /fountain pen/);

  const { path } = await world.held("list_products", {});
  const [{ digest }] = await world.list();
  await page.goto(path);
  const form = await page.locator("#decide [name=form]").inputValue();
  for (const credential of [signed.get("credential"), "{}", '{"id":"x","type":"public-key"}']) {
    const fields = { form, digest, nonce: signed.get("nonce"), credential };
    const post = ([to, all]) => fetch(to, { method: "POST", body: new URLSearchParams(all) }).then((answer) => answer.status);
    const status = await page.evaluate(post, [`${path}/approve`, fields]);
    assert.ok(status >= 400 && status < 500, `${status} for ${credential.slice(0, 40)}`);
    assert.equal((await world.list()).length, 1, "it still waits");
  }
}

// A22
export async function who_does_not_prove_to_be_there_signs_nothing(house) {
  const world = await house.open({ rules: SIGNED });
  const page = await world.owner();
  page.excused.push(/status of 4\d\d/);
  const { line, authenticatorId } = await authenticator(page);
  await enrol(page);
  const { path, told } = await world.held("list_products", {});
  await page.goto(path);
  await line.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.getByRole("button", { name: "Sign and approve" }).click();
  await says(page, "Nothing was signed");
  assert.equal((await world.list()).length, 1, "it still waits");
  await line.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await page.getByRole("button", { name: "Sign and approve" }).click();
  assert.match(text(await told), /fountain pen/);
}
