"""Do the policies say the same in genuine OPA?

Runs every test beside the policies in OPA's own Go library, strictly. `tests/run.sh --only policies` brings the
package that carries it and runs this.
"""

import json
import pathlib
import re
import sys

from opa_bindings import OpaEngine, OpaUndefinedError


def main(folder):
    opa = OpaEngine()
    tests = []
    for file in sorted(folder.rglob("*.rego")):
        text = file.read_text()
        opa.add_policy(str(file), text)
        if file.name.endswith("_test.rego"):
            package = re.search(r"^package ([\w.]+)", text, re.MULTILINE).group(1)
            names = re.findall(r"^(test_\w+)", text, re.MULTILINE)
            tests += [(package, name) for name in dict.fromkeys(names)]
    for file in sorted(folder.rglob("data.json")):
        opa.add_data(json.loads(file.read_text()))
    failed = [f"{package}.{name}" for package, name in tests if not passes(opa, package, name)]
    for name in failed:
        print(f"fail  {name}")
    print(f"{len(tests)} tests in OPA, {len(failed)} failed")
    return 1 if failed or not tests else 0


def passes(opa, package, name):
    try:
        return opa.eval_document(f"{package}.{name}") is True
    except OpaUndefinedError:
        return False


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parents[2]
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "policies"))
