// Has what leaves for Slack the types that Slack's own SDK asks for?
//
// `sent.json` is kept by a story (tests/slack/shown.rs), which fails when it is stale. Each of its requests is written as a literal
// of the type of its method, and the compiler is asked. It is also asked about a few requests that are wrong, so that a check that
// lets everything through is seen. It writes beside itself, so it runs from a copy where `npm ci` was run:
// `node types.mjs tests/slack/sent.json`.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const types = {
  "chat.postMessage": "ChatPostMessageArguments",
  "chat.update": "ChatUpdateArguments",
  "chat.postEphemeral": "ChatPostEphemeralArguments",
  "views.open": "ViewsOpenArguments",
  "views.update": "ViewsUpdateArguments",
};
const sent = JSON.parse(readFileSync(process.argv[2] ?? join(here, "sent.json"), "utf8"));

/** What the compiler says of requests. */
function faults(requests) {
  const lines = [`import type { ${Object.values(types).join(", ")} } from "@slack/web-api";`];
  // `blocks` is a union of many: each block is checked by itself too, so that what is wrong is named.
  lines.push('import type { Block, HeaderBlock, ContextBlock, ActionsBlock, RichTextBlock, InputBlock } from "@slack/types";');
  lines.push("type Known = HeaderBlock | ContextBlock | ActionsBlock | RichTextBlock | InputBlock;");
  requests.forEach(([method, request], place) => {
    const blocks = request.blocks ?? request.view?.blocks ?? [];
    lines.push(`export const request${place}: ${types[method]} = ${JSON.stringify(request)};`);
    blocks.forEach((block, at) => lines.push(`export const block${place}_${at}: Known = ${JSON.stringify(block)};`));
  });
  const file = join(here, "sent.check.ts");
  writeFileSync(file, lines.join("\n"));
  try {
    const options = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022 };
    const program = ts.createProgram([file], {
      ...options,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map((fault) => `${fault.file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(fault.messageText, "\n")}`);
  } finally {
    rmSync(file);
  }
}

const requests = Object.keys(types).flatMap((method) => sent[method].map((request) => [method, request]));
for (const method of Object.keys(types)) {
  if (!sent[method]?.length) throw new Error(`no request of ${method} was kept`);
}
const wrong = faults(requests);
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
const [method, first] = requests[0];
const spoiled = [
  { ...first, blocks: [{ type: "header", text: { type: "mrkdwn", text: "x" } }] },
  { ...first, blocks: [{ type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text" }] }] }] },
  { ...first, blocks: [{ type: "actions", elements: [{ type: "button", text: "Approve" }] }] },
  { ...first, channel: 1 },
];
for (const request of spoiled) {
  if (!faults([[method, request]]).length) throw new Error(`the compiler takes anything: ${JSON.stringify(request)}`);
}
console.log(`${requests.length} requests have the types of Slack's SDK`);
