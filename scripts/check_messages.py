#!/usr/bin/env python3
"""check_messages.py PAGE FOLDER: every message that the page shows is one that the sources in the folder print.

A message of the page is a line like **`best.pt: no such file`**. In the sources it is a text with {} for what differs.
check_messages.py --self-test checks the checker.
"""
import pathlib
import re
import sys

LEAST, SHARE = 12, 0.25  # characters that are no {}, in all and of the message: less would fit anything
LITERALS = re.compile(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*')


def texts(source):
    """The texts of a C++ source: literals side by side are one."""
    for match in LITERALS.finditer(re.sub(r'^\s*(?://|#).*$', '', source, flags=re.M)):
        parts = re.findall(r'"((?:\\.|[^"\\\n])*)"', match.group(0))
        yield ''.join(parts).replace('\\"', '"').replace('\\n', '\n').split('\n')[0]


def patterns(source):
    """(pattern, characters that are no {}) of each text."""
    for text in texts(source):
        literal = re.split(r'\{[^{}]*\}', text)
        size = sum(map(len, literal))
        if size >= LEAST:
            yield re.compile('.*?'.join(map(re.escape, literal)) + '$'), size


def messages(page):
    return re.findall(r'^\*\*`(.*)`\*\*$', page, re.M)


def unknown(page, sources):
    known = [pattern for source in sources for pattern in patterns(source)]
    return [message for message in messages(page)
            if not any(size >= SHARE * len(message) and pattern.search(message) for pattern, size in known)]


def self_test():
    source = 'fail("{}: cannot be opened: {}; "\n     "try another", name, why);  // "no such message"\n'
    assert unknown('**`a: cannot be opened: gone; try another`**\n', [source]) == []
    assert unknown('**`a: cannot be opened: gone; try again`**\n', [source]) == ['a: cannot be opened: gone; try again']
    assert unknown('**`a: cannot be opened: gone; try another one`**\n', [source]) != []
    assert unknown('**`no such message here`**\n', ['// "no such message"\n']) == ['no such message here']
    print('check_messages: self-test passed')


if __name__ == '__main__':
    if sys.argv[1:] == ['--self-test']:
        self_test()
    else:
        guide, folder = map(pathlib.Path, sys.argv[1:])
        files = [file for file in folder.rglob('*.cpp') if not file.name.endswith(('_test.cpp', '_fuzz.cpp'))]
        shown = guide.read_text()
        missing = unknown(shown, [file.read_text() for file in files])
        for line in missing:
            print(f'{guide}: no source prints "{line}"; write it as the program does')
        if not missing:
            print(f'check_messages: {len(messages(shown))} messages are as the program prints them')
        sys.exit(1 if missing or not messages(shown) else 0)
