#!/usr/bin/env python3
"""How the source is put together, in figures: scripts/count_structure.py [CHECKOUT] [--list]

--list names the places behind every figure. Rules, all on src/ without tests (*_test.cpp, *_fuzz.cpp), comments removed:
- operators: files with the type's name as a word ("type"), or with a name that exporters and readers have for it as well ("any", see OPERATORS).
- fusion: functions in which a FUSION name stands, or which look an Activation or its kind up, and a Conv2d or a node's inputs or
  users as well (FUSION_PAIR). Each is a place that knows, or asks, what is computed together.
- walkers: loops over a graph's nodes that keep something by value name: VALUE_MAP stands in the loop. Those that compute values are
  listed with a star: they look inputs' values up as well, or hand the node on.
- live options: files of LIVE_FILES that name the option in any spelling (LIVE_OPTIONS); strings count, comments do not.
- file formats: files, outside the format's own folder under src/format, in which it is an enumerator, a string, or a function's name.
- functions: from the first line of the signature to the closing brace, braces counted; lambdas belong to the function around them.
"""
import argparse
import collections
import pathlib
import re

OPERATORS = {  # the type, and what else names it
    "Conv2d": r"emit_(quantized_)?conv|BuiltinOperator_(DEPTHWISE_)?CONV_2D|\"Conv\"|\"(Group)?Convolution\"",
    "BatchNorm": r"fold_batch_norm",
    "Activation": r"emit_activation|ActivationKind",
    "Add": r"BinaryKind|emit_binary|BuiltinOperator_ADD",
    "Concat": r"emit_concat|BuiltinOperator_CONCATENATION",
    "Slice": r"emit_slice|BuiltinOperator_(STRIDED_)?SLICE|\"StridedSlice\"",
    "MaxPool": r"emit_max_pool|BuiltinOperator_MAX_POOL_2D",
    "ResizeNearest": r"emit_resize_nearest|BuiltinOperator_RESIZE_NEAREST_NEIGHBOR|\"Resize\"|\"Interpolate\"",
    "AvgPool": r"emit_(avg|average)_pool|BuiltinOperator_AVERAGE_POOL_2D|\"AveragePool\"|\"AvgPool\"",
}
FUSION = r"\b(fuses_into_conv|is_fused|fused_conv|norm_before_silu|before_silu_?|left_out_before_silu|read_before_silu|users_of|only_user)\b"
FUSION_PAIR = (r"<Activation>|\bActivationKind::k\w+", r"<Conv2d>|inputs\[0\]|inputs\.front\(\)|\busers?\b")
NODE_LOOP = r"\bfor \((?:const )?(?:Node|auto)&? &?(\w+) : [^;{)]*\bnodes(?:\(\))?\)"
VALUE_MAP = r"\w+(?:\[|\.at\(|\.(?:try_)?emplace\(|\.insert(?:_or_assign)?\()\s*\{?%s\.name\b"
COMPUTES = r"inputs_of\(|%s\.inputs|\w+\(%s(?:,|\))"
LIVE_FILES = r"src/app/(.*/)?live\w*\.(cpp|h)|src/serve/.*|src/live/(?!.*(tracker|pipeline)).*|docs/reference/configuration\.md"
LIVE_OPTIONS = {
    "conf": r"confidence|score_threshold|\"conf\"|--conf\b|^conf:|\bmin_score\b",
    "iou": r"\biou(_threshold)?\b",
    "max_age": r"max.age(.ms)?\b",
    "skip": r"--skip\b|\"skip\"|\bskip\b",
    "patience": r"\bpatience(_s)?\b",
    "target_fps": r"target.fps\b",
    "motion_gate": r"motion.gate\b",
}
FORMATS = {"onnx": ("onnx", r"onnx"), "tflite": ("tflite", r"tflite"), "openvino": ("openvino", r"openvino|ir|xml")}
FORMAT_KINDS = (r"::k(%s)\b", r"\"\.?(%s)\"", r"\b(write|make|read|read_flat|list)_(%s)(_metadata)?\b", r"\benum class [^;]*\bk(%s)\b")


def strip(text, strings):
    """Comments, and contents of strings where asked, become blanks; lines stay."""
    def blank(m):
        s = m.group(0)
        if s[0] == "/" or (strings and s[0] in "\"'R"):
            return re.sub(r"[^\n]", " ", s) if s[0] == "/" else '"' + re.sub(r"[^\n]", " ", s[1:-1]) + '"'
        return s
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def closing(text, at):
    """Where the brace that opens at `at` is closed."""
    depth = 0
    for m in re.compile(r"[{}]").finditer(text, at):
        depth += 1 if m.group(0) == "{" else -1
        if depth == 0:
            return m.start()
    return len(text) - 1


def functions(text):
    """(name, first line, lines, body) of each function; `text` without comments and strings."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.M)
    at = start = 0
    while (m := re.compile(r"[;{}]").search(text, at)) is not None:
        at = m.end()
        if m.group(0) != "{":
            start = at
            continue
        head = text[start:m.start()]
        if re.search(r"\)\s*:[^:]", head) and re.search(r"\w$", head):  # member{value} among initializers
            at = closing(text, m.start()) + 1
            continue
        plain = re.sub(r"\[\[.*?\]\]", "", head)
        name = re.search(r"([\w~:]+|operator\s*\S+)\s*\(", plain)
        scope = re.match(r"\s*(template\s*<[^{}]*>\s*)?(class|struct|enum|union|namespace|extern)\b[^()]*$", plain)
        if scope or not name or re.search(r"=\s*$", plain):
            if not scope and "namespace" not in plain:  # a list of values
                at = closing(text, m.start()) + 1
            start = at
            continue
        end = closing(text, m.start())
        first = start + len(head) - len(head.lstrip())
        yield name.group(1), text.count("\n", 0, first) + 1, text.count("\n", first, end) + 1, text[first:end]
        at = start = end + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()

    def show(title, places, note=""):
        places = sorted(places)
        print(f"  {title:<16} {len(places):>4}{note}")
        if args.list:
            print("".join(f"       {p}\n" for p in places), end="")

    raw = {str(p.relative_to(args.checkout)): p.read_text(errors="replace")
           for p in sorted((args.checkout / "src").rglob("*")) if p.is_file() and p.suffix in (".cpp", ".h", ".js", ".html", ".yaml")}
    is_test = re.compile(r"_(test|fuzz)\.cpp$").search
    source = {n: strip(t, False) for n, t in raw.items() if n.endswith((".cpp", ".h")) and not is_test(n)}
    code = {n: strip(t, True) for n, t in source.items()}
    body = [(n, *f) for n, t in code.items() for f in functions(t)]

    print("operators: files that name each, by its type / by any name")
    for op, names in OPERATORS.items():
        by_type = {n for n, t in source.items() if re.search(rf"\b{op}\b", t)}
        show(op, by_type, f" / {len(by_type | {n for n, t in source.items() if re.search(names, t)})}")

    print("fusion: functions that derive or ask what is computed together")
    named = {f"{n}:{line} {f}" for n, f, line, _, b in body if re.search(FUSION, b)}
    paired = {f"{n}:{line} {f}" for n, f, line, _, b in body if all(re.search(p, b) for p in FUSION_PAIR)}
    show("by name", named)
    show("by lookup", paired)
    files = {p.split(":")[0] for p in named | paired}
    show("either", named | paired, f" in {len(files)} files")

    print("walkers: loops over nodes that keep something by value name (* computes values)")
    walkers, computing = [], 0
    for n, t in code.items():
        for m in re.finditer(NODE_LOOP, t):
            brace = re.compile(r"\s*\{").match(t, m.end())
            loop = t[m.end():closing(t, brace.end() - 1) if brace else t.index(";", m.end())]
            if re.search(VALUE_MAP % m.group(1), loop):
                star = re.search(COMPUTES.replace("%s", m.group(1)), loop) is not None
                computing += star
                walkers.append(f"{n}:{t.count(chr(10), 0, m.start()) + 1}{' *' if star else ''}")
    loops = sum(len(re.findall(NODE_LOOP, t)) for t in code.values())
    show("walkers", walkers, f", {computing} compute values; {loops} loops over nodes in all, {len({w.split(':')[0] for w in walkers})} files")

    print("live options: files that name each")
    texts = {**raw, **source, **{f"docs/{p.relative_to(args.checkout / 'docs')}": p.read_text() for p in (args.checkout / "docs").rglob("*.md")}}
    live = {n: t for n, t in texts.items() if re.fullmatch(LIVE_FILES, n) and not is_test(n)}
    for option, pattern in LIVE_OPTIONS.items():
        show(option, {n for n, t in live.items() if re.search(pattern, t, re.M)})

    print("file formats: files outside its own folder that name each")
    everywhere = collections.Counter()
    for name, (folder, names) in FORMATS.items():
        places = {n for n, t in source.items() if f"src/format/{folder}/" not in n and
                  any(re.search(k % names, t, re.I) for k in FORMAT_KINDS)}
        everywhere.update(places)
        show(name, places)
    show("all three", [n for n, c in everywhere.items() if c == 3])

    print("sizes")
    lines = {n: t.count("\n") for n, t in raw.items()}
    own = {n: lines[n] for n in source}
    for title, n in (("longest file", max(own, key=own.get)), ("second", sorted(own, key=own.get)[-2])):
        print(f"  {title:<16} {own[n]:>4} lines: {n}")
    for title, (n, f, line, count, _) in zip(("longest function", "second", "third"), sorted(body, key=lambda b: -b[3])):
        print(f"  {title:<16} {count:>4} lines: {f}, {n}:{line}")
    print(f"  functions        {len(body):>4}")
    folders = collections.Counter(n.rsplit("/", 1)[0] for n in source if n.endswith(".cpp"))
    most, count = folders.most_common(1)[0]
    print(f"  .cpp per folder: at most {count}, {most}: " + ", ".join(f"{f.removeprefix('src/')} {c}" for f, c in sorted(folders.items())))
    tests = sum(lines[n] for n in lines if is_test(n))
    print(f"  lines            {sum(own.values())} of C++ in {len(own)} files; tests beside it {tests}; page {sum(lines.values()) - sum(own.values()) - tests}")


if __name__ == "__main__":
    main()
