#!/usr/bin/env python3
"""make_reference.py PROGRAM [--check]: writes the files that tell of octet's options, from the options themselves.

PROGRAM is octet, with octet-train beside it. --check writes nothing, and fails when a file differs.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "docs/reference/configuration.md"
BEGIN, END = "<!-- keys: written by scripts/make_reference.py -->\n", "<!-- end of keys -->"
ENVIRONMENT = [
    ("OCTET_LOG", "Sets how much is logged: `error`, `warning`, `info` (the default) or `debug`."),
    ("NO_COLOR", "Turns bold text off. It is on only where standard output is a terminal."),
]
EXIT_STATUS = [("0", "The work is done."), ("1", "The work failed. The message says why."),
               ("2", "The command line or a configuration is wrong. The message says how."),
               ("141", "The program that reads standard output has gone, as `head` does. There is no message.")]
INTRODUCTION = ("octet turns a YOLO detection or pose model into a small, fast int8 model and runs it on live video.",
                "Results are written to standard output, log lines and progress to standard error.")


def title(option):
    """"-o, --output FILE"."""
    if option["positional"]:
        return option["value"]
    return (", ".join(option["names"]) + " " + option["value"]).strip()


def limits(option):
    """"0 to 1", where the value has a range that is worth telling."""
    if "range" not in option or option["range"][1] >= 1e5:
        return ""
    return "{:g} to {:g}".format(*option["range"])


def meaning(option):
    text = option["help"]
    if option["required"]:
        text += " Required."
    if limits(option):
        text += f" Range: {limits(option)}."
    return text


# The page -----------------------------------------------------------------------------------------------

def cell(text):
    return text.replace("|", "\\|")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]


def code(text):
    return f"`{text}`" if text else ""


def reference_page(verbs):
    lines = ["<!-- scripts/make_reference.py writes this page from the program. -->", "# Command line", "",
             "`octet help VERB` shows the same as this page.", "",
             *INTRODUCTION]
    task = None
    for name, verb in verbs.items():
        if verb["task"] != task:
            task = verb["task"]
            lines += ["", f"**{task}**", ""]
        lines += [f"- [`octet {name}`](#octet-{name}): {verb['help']}"]
    for name, verb in verbs.items():
        lines += ["", f"## octet {name}", "", verb["help"], "", "```bash", verb["example"], "```", ""]
        lines += table(["option", "default", "meaning"],
                       [(code(title(o)), code(o["default"]), meaning(o)) for o in verb["options"]])
    lines += ["", "## Configuration file of octet live", "",
              "`octet live --config live.yaml` reads the keys in [configuration](configuration.md)."]
    lines += ["", "## Environment", ""] + table(["variable", "meaning"], [(code(n), t) for n, t in ENVIRONMENT])
    lines += ["", "## Exit status", ""] + table(["status", "meaning"], EXIT_STATUS)
    return "\n".join(lines) + "\n"


# The keys of a configuration file -----------------------------------------------------------------------

def plain(values):
    """'INT:[0 - 999]:{auto}' as '0 to 999 (integer), or `auto`'."""
    kind, _, rest = values.partition(":")
    least_most = re.search(r"\[(\S+) - (\S+)\]", rest)
    words = [code(word) for word in re.sub(r".*\{(.*)\}.*|.*", r"\1", rest).split(",") if word]
    names = {"BOOLEAN": "`true` or `false`", "TEXT": "" if words else "text", "FILE": "file", "NAME": "name", "INT": "integer",
             "FLOAT": "number"}
    text = f"{least_most[1]} to {least_most[2]} ({names[kind]})" if least_most else names[kind]
    return ", or ".join(filter(None, [text, " or ".join(words)]))


def configuration_page(verbs):
    rows = [(code(r["key"]), code(r["flag"]), plain(r["values"]), code(r["default"]), r["takes_effect"], r["help"])
            for r in verbs["live"]["configuration"]]
    lines = table(["key", "option", "value", "default", "takes effect", "meaning"], rows)
    before, keys = CONFIGURATION.read_text().split(BEGIN)
    return before + BEGIN + "\n".join(lines) + "\n" + END + keys.split(END)[1]


# The man page -------------------------------------------------------------------------------------------

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return re.sub(r"^([.'])", r"\\&\1", text)


def man_page(verbs):
    lines = ['.\\" Written by scripts/make_reference.py.', ".TH OCTET 1 \"\" octet \"User commands\"", ".SH NAME",
             "octet \\- YOLO models as small, fast int8 models, on live video", ".SH SYNOPSIS",
             ".B octet", ".I VERB", "[OPTIONS]", ".SH DESCRIPTION", *map(roff, INTRODUCTION)]
    task = None
    for name, verb in verbs.items():
        if verb["task"] != task:
            task = verb["task"]
            lines += [f".SH {roff(task).upper()}"]
        lines += [f".SS octet {name}", roff(verb["help"]), ".PP", "Example:", ".PP", ".nf", ".RS",
                  roff(verb["example"]), ".RE", ".fi"]
        for option in verb["options"]:
            default = f" Default: {option['default']}." if option["default"] else ""
            lines += [".TP", f".B {roff(title(option))}", roff(meaning(option) + default)]
    lines += [".SH CONFIGURATION FILE", roff("octet live --config live.yaml reads these keys."),
              "A dot separates a section from a key in it."]
    for row in verbs["live"]["configuration"]:
        default = f" Default: {row['default']}." if row["default"] else ""
        lines += [".TP", f".B {roff(row['key'])}", roff(f"{row['help']}{default} Takes effect: {row['takes_effect']}.")]
    for head, rows in ("ENVIRONMENT", ENVIRONMENT), ("EXIT STATUS", EXIT_STATUS):
        lines += [f".SH {head}"]
        for name, text in rows:
            lines += [".TP", f".B {name}", roff(text)]
    return "\n".join(lines) + "\n"


# Completion ---------------------------------------------------------------------------------------------

def option_words(verb):
    return [name for o in verb["options"] if not o["positional"] for name in o["names"]]


def bash_completion(verbs):
    names = " ".join(verbs)
    lines = ["# bash completion of octet. Written by scripts/make_reference.py.", "# shellcheck shell=bash",
             "_octet() {",
             "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} options",
             "  COMPREPLY=()",
             "  if [ \"$COMP_CWORD\" = 1 ] || { [ \"$verb\" = help ] && [ \"$COMP_CWORD\" = 2 ]; }; then",
             f"    mapfile -t COMPREPLY < <(compgen -W \"{names} help --help --version\" -- \"$word\")",
             "    return", "  fi",
             "  case \"$verb $before\" in"]
    for name, verb in verbs.items():
        for option in verb["options"]:
            if "choices" not in option or option["positional"]:
                continue
            where = " | ".join(f"\"{name} {n}\"" for n in option["names"])
            words = " ".join(option["choices"])
            lines += [f"    {where}) mapfile -t COMPREPLY < <(compgen -W \"{words}\" -- \"$word\"); return ;;"]
    lines += ["  esac", "  case $word in", "    -*) ;;", "    *) return ;;  # a file", "  esac", "  case $verb in"]
    for name, verb in verbs.items():
        lines += [f"    {name}) options=\"{' '.join(option_words(verb))}\" ;;"]
    lines += ["    *) return ;;", "  esac", "  mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")", "}",
              "complete -o bashdefault -o default -F _octet octet octet-train"]
    return "\n".join(lines) + "\n"


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_option(option):
    if option["positional"]:
        return f"'{'*' if option['repeats'] else ''}:{zsh_text(option['value'])}:_files'"
    names = option["names"]
    head = f"'({' '.join(names)})'{{{','.join(names)}}}'" if len(names) > 1 else f"'{names[0]}"
    if option["repeats"]:
        head = f"'*{names[-1]}"
    text = f"{head}[{zsh_text(option['help'])}]"
    if not option["flag"]:
        action = f"({' '.join(option['choices'])})" if "choices" in option else "_files"
        text += f":{zsh_text(option['value'])}:{action}"
    return text + "'"


def zsh_completion(verbs):
    lines = ["#compdef octet octet-train", "# zsh completion of octet. Written by scripts/make_reference.py.", "_octet() {",
             "  local -a verbs=("]
    lines += [f"    '{name}:{zsh_text(verb['help'])}'" for name, verb in verbs.items()]
    lines += ["    'help:Show the options of a verb.'", "  )",
              "  if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then", "    _describe verb verbs", "    return", "  fi",
              "  shift words", "  (( CURRENT-- ))", "  case $words[1] in"]
    for name, verb in verbs.items():
        lines += [f"    {name})", "      _arguments \\"]
        lines += [f"        {zsh_option(o)} \\" for o in verb["options"]]
        lines[-1] = lines[-1].removesuffix(" \\")
        lines += ["      ;;"]
    return "\n".join(lines + ["  esac", "}", "_octet \"$@\""]) + "\n"


FILES = {
    "docs/reference/cli.md": reference_page,
    "docs/reference/configuration.md": configuration_page,
    "packaging/man/octet.1": man_page,
    "packaging/completion/octet.bash": bash_completion,
    "packaging/completion/_octet": zsh_completion,
}


def main():
    program, check = sys.argv[1], "--check" in sys.argv[2:]
    verbs = json.loads(subprocess.run([program, "--describe-options"], check=True, capture_output=True, text=True).stdout)
    if len(verbs["train"]["options"]) < 3:
        sys.exit(f"{program}: octet-train is not beside it; its options are missing")
    different = []
    for name, make in FILES.items():
        path, text = ROOT / name, make(verbs)
        if path.exists() and path.read_text() == text:
            continue
        different.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and different:
        sys.exit(f"{', '.join(different)}: not what the program says; run scripts/make_reference.py {program}")
    print("\n".join(different) or "the reference is what the program says")


main()
