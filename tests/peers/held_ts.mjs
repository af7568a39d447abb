// How does a program get the true result of a call that waits for people, with either TypeScript SDK?
// No step sets a timeout: what is proven is what the SDKs do by default.
const REFUSAL = "dev.countersign/refusal";

const since = (begun) => Math.round(performance.now() - begun) / 1000;

// The identical call again, or the tool that goes on waiting, for as long as the answer says that people are asked.
async function comeBack(step, sdk) {
  const rounds = [];
  const progress = [];
  const options = step.patient
    ? { onprogress: (heard) => progress.push(heard.progress), resetTimeoutOnProgress: true }
    : undefined;
  let asked = { name: step.tool, arguments: step.arguments };
  for (;;) {
    const begun = performance.now();
    const result = await sdk.call(asked, options);
    const told = result._meta?.[REFUSAL];
    rounds.push({ seconds: since(begun), class: told?.class ?? null });
    if (told?.class !== "held" || !told.retryable) return { result, rounds, progress };
    if (step.way === "wait") asked = { name: "countersign_wait", arguments: { reference: told.waits.reference } };
  }
}

async function asTask(step, sdk) {
  const statuses = [];
  const begun = performance.now();
  const note = (status) => statuses.push({ seconds: since(begun), status });
  const result = await sdk.task({ name: step.tool, arguments: step.arguments }, note);
  return { result, statuses };
}

export async function held(step, client, sdk) {
  const listed = await client.listTools();
  const tools = listed.tools.map((tool) => tool.name);
  return { tools, ...(await (step.way === "task" ? asTask(step, sdk) : comeBack(step, sdk))) };
}
