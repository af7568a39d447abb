// Checks messages of ours with the npm library of Standard Webhooks, and Ed25519 signatures with Node's own; signs answers.
// One JSON object on standard input says what to do; one comes back.
import { createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";

const read = async () => {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
};

const asked = await read();
if (asked.sign) {
  const at = new Date();
  const signature = new Webhook(asked.secret).sign(asked.id, at, asked.sign);
  console.log(JSON.stringify({ signature, time: String(Math.floor(at.getTime() / 1000)) }));
} else {
  const told = new Webhook(asked.secret).verify(asked.body, asked.headers);
  const signed = Buffer.from(`${asked.headers["webhook-id"]}.${asked.headers["webhook-timestamp"]}.${asked.body}`);
  const raw = Buffer.from(asked.public.replace("whpk_", ""), "base64");
  const x = raw.toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const asymmetric = asked.headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"));
  const holds = asymmetric.some((one) => verify(null, signed, key, Buffer.from(one.slice(4), "base64")));
  console.log(JSON.stringify({ type: told.type, asymmetric: holds }));
}
