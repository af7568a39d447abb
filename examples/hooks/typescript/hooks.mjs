// Tells Countersign what an agent was asked for, and which use of a tool comes next. Plain modules with types in comments: a
// TypeScript project imports them as they are (`allowJs`).

import { spawnSync } from "node:child_process";

/** Reports with a caller's own key: what it says is `asserted`, because the agent may hold that key. */
export class Reporter {
  /** @param {string} gateway @param {string} key @param {{client?: string, session?: string}} [about] */
  constructor(gateway, key, about = {}) {
    this.address = new URL("/hooks/v1", gateway);
    this.key = key;
    this.about = { client: "my-agent", session: "one", ...about };
  }

  /** Somebody asked for something. @param {string} text @param {{turn?: string, model?: string}} [more] */
  async prompt(text, more = {}) {
    await this.report({ ...more, prompt: { text } });
  }

  /**
   * The agent is about to use a tool. Gives what has to be sent with the call as its `_meta`.
   * @param {string} tool @param {Record<string, unknown>} args @param {string} id @param {{turn?: string, model?: string}} [more]
   */
  async toolUse(tool, args, id, more = {}) {
    await this.report({ ...more, tool_use: { tool, arguments: args, id } });
    return { "dev.countersign/toolUseId": id };
  }

  /** @param {object} what */
  async report(what) {
    const headers = { "content-type": "application/json", authorization: `Bearer ${this.key}` };
    const body = JSON.stringify({ ...this.about, ...what });
    try {
      const reply = await fetch(this.address, { method: "POST", headers, body, signal: AbortSignal.timeout(2000) });
      if (!reply.ok) console.error(`not reported: ${await reply.text()}`);
    } catch (error) {
      // An agent goes on without; a rule that requires a prompt stops its calls, and says why.
      console.error(`not reported: ${error}`);
    }
  }
}

/** Reports as an enrolled device, by the program that has its key: what it says is `captured`. */
export class Device extends Reporter {
  /** @param {string[]} [command] @param {{client?: string, session?: string}} [about] */
  constructor(command = ["countersign", "hook", "report"], about = {}) {
    super("http://127.0.0.1", "", about);
    this.command = command;
  }

  /** @param {object} what */
  async report(what) {
    const [program, ...words] = this.command;
    const done = spawnSync(program, words, { input: JSON.stringify({ ...this.about, ...what }), encoding: "utf8" });
    if (done.status !== 0) console.error(`not reported: ${done.stderr}`);
  }
}
