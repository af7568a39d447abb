// How are the steps of a plan walked with either TypeScript SDK?
import { held } from "./held_ts.mjs";

const STEP_LIMIT = 60_000;

const failure = (error) => ({ code: error?.code ?? null, message: String(error?.message ?? error), data: error?.data });

async function list(client) {
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools(cursor ? { cursor } : undefined, { timeout: STEP_LIMIT });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor);
  return { tools };
}

async function call(step, sdk) {
  const progress = [];
  const options = { timeout: STEP_LIMIT };
  if (step.kind === "progress") options.onprogress = (heard) => progress.push([heard.progress, heard.total]);
  const result = await sdk.call({ name: step.tool, arguments: step.arguments }, options);
  return step.kind === "progress" ? { result, progress } : { result };
}

// The call is given up once its first progress has been heard, so it is certainly running in the server.
async function cancel(step, sdk) {
  const giveUp = new AbortController();
  const options = {
    timeout: STEP_LIMIT,
    signal: giveUp.signal,
    onprogress: () => giveUp.abort("peers: cancelled on purpose"),
  };
  try {
    const result = await sdk.call({ name: step.tool, arguments: step.arguments }, options);
    return { result };
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
    return { cancelled: true };
  }
}

async function walk(step, client, sdk) {
  try {
    if (step.kind === "list") return await list(client);
    if (step.kind === "held") return await held(step, client, sdk);
    return step.kind === "cancel" ? await cancel(step, sdk) : await call(step, sdk);
  } catch (error) {
    return { error: failure(error) };
  }
}

export async function drive(plan, client, transport, sdk) {
  const answers = {};
  try {
    await client.connect(transport, { timeout: STEP_LIMIT });
  } catch (error) {
    console.log(JSON.stringify({ connect: failure(error) }));
    process.exit(0);
  }
  for (const step of plan.steps) answers[step.id] = await walk(step, client, sdk);
  console.log(JSON.stringify({ version: sdk.version(), answers }));
  await client.close();
  process.exit(0);
}
