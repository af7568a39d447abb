#!/usr/bin/env bash
# What does the Inspector's command line see? Takes a JSON plan as its argument, prints JSON results.
# Every step is a connection of its own: the command line knows no longer conversation.
set -u
plan=$1
node=${PEERS_NODE:?run.py names the node to use}
# Inspector reads and writes files below the home directory; it gets an empty one.
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT

field() { "$node" -e 'const [plan, js] = process.argv.slice(1); process.stdout.write(String(new Function("p", "return " + js)(JSON.parse(plan))))' "$plan" "$1"; }

inspector="$(field p.modules)/node_modules/.bin/mcp-inspector"
era=$(field p.era)
url=$(field 'p.url ?? ""')
if [ -n "$url" ]; then
  target=("$url" --transport http)
else
  # A file and not words on the line: the Inspector would take some of the command's options for its own.
  field 'JSON.stringify({ mcpServers: { peer: { type: "stdio", command: p.command, args: p.args, env: p.env } } })' \
    >"$HOME/peer.json"
  target=(--config "$HOME/peer.json" --server peer)
fi

count=$(field p.steps.length)
for ((i = 0; i < count; i++)); do
  if [ "$(field "p.steps[$i].kind")" = list ]; then
    step=(--method tools/list)
  else
    step=(--method tools/call --tool-name "$(field "p.steps[$i].tool")" --tool-args-json "$(field "JSON.stringify(p.steps[$i].arguments)")")
  fi
  "$node" "$inspector" --cli "${target[@]}" "${step[@]}" --protocol-era "$era" --format json --quiet \
    >"$HOME/$i.out" 2>"$HOME/$i.err"
done

"$node" -e '
  const fs = require("fs");
  const [plan, home] = process.argv.slice(1);
  const answers = {};
  const read = (file) => fs.readFileSync(file, "utf8").trim();
  JSON.parse(plan).steps.forEach((step, i) => {
    const out = read(`${home}/${i}.out`), err = read(`${home}/${i}.err`);
    try {
      const said = JSON.parse(out);
      const result = said.result ?? said;
      answers[step.id] = step.kind === "list" ? { tools: result.tools } : { result };
    } catch {
      answers[step.id] = { error: { code: null, message: err || out || "no output" } };
    }
  });
  console.log(JSON.stringify({ version: "unknown", answers }));
' "$plan" "$HOME"
