// What does the package for tasks need that the TypeScript SDK 2.x does not offer? A way below the SDK, which knows no
// task of 2026-07-28: its requests travel over the same transport under ids of their own, and their answers are
// taken out before the SDK sees them.
export function below(transport) {
  const waiting = new Map();
  const above = transport.onmessage;
  let count = 0;
  transport.onmessage = (message, extra) => {
    const answered = waiting.get(message.id);
    if (answered === undefined || message.method !== undefined) return above(message, extra);
    waiting.delete(message.id);
    answered(message);
  };
  return async (request) => {
    const id = `below-${(count += 1)}`;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    await transport.send({ jsonrpc: "2.0", id, ...request });
    const { result, error } = await answer;
    return error === undefined ? { kind: "result", result } : { kind: "error", error };
  };
}
