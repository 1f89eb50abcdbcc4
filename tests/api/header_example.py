#!/usr/bin/env python3
"""header_example.py HEADER OUTPUT: the example in the comment of a header of include/octet, as a source file to compile.

The header is the first include, so that one that needs another before it does not compile either.
"""
import pathlib
import re
import sys


def example_of(text):
    lines, inside = [], False
    for line in text.splitlines():
        match = re.match(r"(?://| \*)(.*)", line)
        if match is None:
            if lines:
                break
            continue
        content = match.group(1)
        if content.strip() == "Example:":
            inside = True
        elif inside and content.startswith("   "):
            lines.append(content)
        elif inside:
            break
    return lines


def main():
    header, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    lines = example_of(header.read_text())
    if not lines:
        sys.exit(f"{header}: has no example after a line 'Example:' in its first comment")
    is_c = output.suffix == ".c"
    includes = ["<stdio.h>"] if is_c else ["<octet/octet.h>", "<cstdio>"]
    name = f"example_of_{header.stem}"
    output.write_text("\n".join([f"#include <octet/{header.name}>", *(f"#include {i}" for i in includes), f"void {name}(void);",
                                 f"void {name}(void) {{", *lines, "}", ""]))


main()
