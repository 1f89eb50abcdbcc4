#!/usr/bin/env python3
"""reference_configuration.py [OCTET] [--check]: writes the table of keys in docs/reference/configuration.md.

The table comes from 'octet --describe-options', which describes the options of 'octet live' (src/serve/config/live_options.cpp). OCTET is
the program, by default build/bin/octet. With --check nothing is written, and a table that differs is an error.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference/configuration.md"
BEGIN, END = "<!-- keys: written by scripts/reference_configuration.py -->\n", "<!-- end of keys -->"


def code(text):
    return f"`{text}`" if text else ""


def plain(values):
    """'INT:[0 - 999]:{auto}' as '0 to 999 (integer), or `auto`'."""
    kind, _, rest = values.partition(":")
    least_most = re.search(r"\[(\S+) - (\S+)\]", rest)
    words = [code(word) for word in re.sub(r".*\{(.*)\}.*|.*", r"\1", rest).split(",") if word]
    names = {"BOOLEAN": "`true` or `false`", "TEXT": "" if words else "text", "FILE": "file", "INT": "integer", "FLOAT": "number"}
    text = f"{least_most[1]} to {least_most[2]} ({names[kind]})" if least_most else names[kind]
    return ", or ".join(filter(None, [text, " or ".join(words)]))


def table(rows):
    lines = ["| key | option | value | default | takes effect | meaning |", "|---|---|---|---|---|---|"]
    for row in rows:
        cells = [code(row["key"]), code(row["flag"]), plain(row["values"]), code(row["default"]), row["takes_effect"], row["help"]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    program = arguments[0] if arguments else str(ROOT / "build/bin/octet")
    described = subprocess.run([program, "--describe-options"], check=True, capture_output=True, text=True)
    text = PAGE.read_text()
    wanted = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END),
                    lambda _: BEGIN + table(json.loads(described.stdout)["live"]["configuration"]) + END, text, flags=re.S)
    if BEGIN not in text:
        sys.exit(f"{PAGE}: the line '{BEGIN.strip()}' is missing")
    if text == wanted:
        return
    if "--check" in sys.argv:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not as the program describes its keys; run scripts/reference_configuration.py")
    PAGE.write_text(wanted)
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
