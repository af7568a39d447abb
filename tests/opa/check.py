"""Do the policies say the same in genuine OPA?

Runs every test beside the policies in OPA's own Go library, strictly, and gives both engines the same inputs: the calls
in `calls.jsonl`, which the gateway makes whole documents of, and the corners where engines are likely to differ. The
outcome and every finding must be the same. What may differ stands in `differences.json`, with the reason, and must
still differ. `tests/run.sh --only opa` brings the package that carries OPA and runs this.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

from opa_bindings import OpaEngine, OpaUndefinedError

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Codes of a call that is refused because a rule failed; in OPA the same shows itself as an error.
FAILED = {"policy_error", "policy_timeout", "policy_malformed"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gateway", required=True, help="the program")
    gateway = arguments.parse_args().gateway
    known = json.loads((HERE / "differences.json").read_text())
    seen = set()
    policies = ROOT / "policies"
    count = tests(policies, seen)
    print(f"{count} tests in OPA")
    gate = [policies / "gate.rego"]
    count = verdicts(gateway, [policies], HERE / "calls.jsonl", seen)
    print(f"{count} calls judged by the shipped policies in both engines")
    count = verdicts(gateway, [HERE / "corners", *gate], HERE / "corners/calls.jsonl", seen)
    print(f"{count} corners judged in both engines")
    failed = False
    for what, told in sorted(seen):
        if what not in known:
            print(f"fail  {what}\n{told}")
            failed = True
    for what in sorted(known.keys() - {what for what, _ in seen}):
        print(f"fail  {what}: stands in differences.json and is the same in both engines; leave it out there")
        failed = True
    print("the engines disagree" if failed else f"the engines agree, but for what differences.json lists ({len(known)})")
    return 1 if failed else 0


def engine(paths):
    opa = OpaEngine()
    for path in paths:
        for file in sorted(path.rglob("*.rego")) if path.is_dir() else [path]:
            opa.add_policy(str(file), file.read_text())
        for file in sorted(path.rglob("data.json")) if path.is_dir() else []:
            opa.add_data(json.loads(file.read_text()))
    return opa


def tests(folder, seen):
    opa, found = engine([folder]), []
    for file in sorted(folder.rglob("*_test.rego")):
        text = file.read_text()
        package = re.search(r"^package ([\w.]+)", text, re.MULTILINE).group(1)
        names = re.findall(r"^(test_\w+)", text, re.MULTILINE)
        found += [f"{package}.{name}" for name in dict.fromkeys(names)]
    for name in found:
        if not passes(opa, name):
            seen.add((f"test {name}", "      it passes here and not in OPA"))
    if not found:
        sys.exit("there is no test beside the policies")
    return len(found)


def passes(opa, name):
    try:
        return opa.eval_document(name) is True
    except OpaUndefinedError:
        return False


def verdicts(gateway, paths, calls, seen):
    chosen = [argument for path in paths for argument in ("--policies", str(path))]
    documents = lines(gateway, calls, ["--document"])
    decisions = lines(gateway, calls, ["--json", *chosen])
    opa = engine(paths)
    for document, decision in zip(documents, decisions, strict=True):
        ours, theirs = here(decision), there(opa, document)
        if ours != theirs:
            call = document["call"]
            what = f"{calls.relative_to(HERE)} {call['target']} {json.dumps(call['arguments'], ensure_ascii=False)}"
            seen.add((what, f"      here  {ours}\n      OPA   {theirs}"))
    return len(documents)


def lines(gateway, calls, arguments):
    told = subprocess.run([gateway, "policy", "eval", str(calls), *arguments], check=False, capture_output=True, text=True)
    if told.returncode != 0:
        sys.exit(f"countersign policy eval {calls}: {told.stdout}{told.stderr}")
    return [json.loads(line) for line in told.stdout.splitlines()]


def here(decision):
    if decision.get("code") in FAILED:
        return "failed"
    return decision["outcome"], said(decision["outcome"], decision["findings"])


def there(opa, document):
    try:
        decision = opa.eval_document("gate.decision", document)
    except OpaUndefinedError:
        return "undefined"
    except Exception:
        return "failed"
    return decision["outcome"], said(decision["outcome"], [one for every in decision["findings"].values() for one in every])


def said(outcome, findings):
    # Of a listing only whether the tool is shown is asked.
    if outcome in ("visible", "hidden"):
        return []
    named = {(finding["effect"], finding["policy"], finding.get("id", "")) for finding in findings}
    return sorted("/".join(name) for name in named)


if __name__ == "__main__":
    sys.exit(main())
