"""Reads `cargo metadata --no-deps` and checks the arrows between the workspace's crates."""

import json
import sys

ALLOWED = {
    "tracer-core": set(),
    "tracer-propagation": {"tracer-core"},
    "tracer-http": {"tracer-core", "tracer-propagation"},
    "tracer-exporter-jaeger": {"tracer-core"},
    "tracer-viewer": {"tracer-core"},
    "tracer-config": {"tracer-core", "tracer-propagation", "tracer-exporter-jaeger"},
    "interop": {"tracer-core", "tracer-exporter-jaeger", "tracer-config"},
}
# Examples may name everything; nothing may name them.
FREE = {"examples", "hotrod"}

packages = {package["name"]: package for package in json.load(sys.stdin)["packages"]}
unknown = set(packages) - set(ALLOWED) - FREE
problems = [f"{name}: no rule for this crate" for name in sorted(unknown)]
arrows = 0
for name, allowed in ALLOWED.items():
    for dependency in packages[name]["dependencies"]:
        target, kind = dependency["name"], dependency["kind"]
        if target not in packages:
            continue
        arrows += 1
        # Tests may look at what stands beside their crate, never at the examples.
        if target in FREE or (kind != "dev" and target not in allowed):
            problems.append(f"{name} must not depend on {target}")

for problem in problems:
    print(f"layers: {problem}", file=sys.stderr)
print(f"layers: {arrows} arrows checked")
sys.exit(bool(problems))
