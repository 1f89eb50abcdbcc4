#!/usr/bin/env python3
"""check_types.py FOLDER: every type name at namespace scope is defined in one file.

Two types of one name that are linked into one program share their mangled names, which is undefined behaviour that no
compiler reports. Types inside anonymous namespaces, classes and functions are local and may repeat.
check_types.py --self-test checks the checker.
"""
import pathlib
import re
import sys
import tempfile

TOKEN = re.compile(r'''//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\\\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'|'''
                   r'''^[ \t]*\#(?:\\\n|[^\n])*|[A-Za-z_]\w*|::|[{};<>()=]''', re.S | re.M)
NOISE = ('//', '/*', '"', "'", 'R"')


def tokens(text):
    for match in TOKEN.finditer(text):
        token = match.group(0)
        if not token.startswith(NOISE) and not token.lstrip().startswith('#'):
            yield token


def opened_by(statement):
    """What the brace after these tokens opens: ('namespace', name or ''), ('type', name) or ('other', '')."""
    if 'namespace' in statement:
        return 'namespace', ''.join(statement[statement.index('namespace') + 1:])
    while statement[:1] == ['template']:  # its parameters may say 'class' too
        depth = at = 0
        for at, token in enumerate(statement):
            depth += (token == '<') - (token == '>')
            if token == '>' and depth == 0:
                break
        statement = statement[at + 1:]
    if statement[:1] and statement[0] in ('struct', 'class', 'enum', 'union') and '(' not in statement and '=' not in statement:
        names = [t for t in statement[1:] if t not in ('class', 'struct', 'final', 'alignas')]
        if names and (len(names) == 1 or names[1] not in ('<', '::')):
            return 'type', names[0]
    return 'other', ''


def types_of(text):
    """Qualified names of the types that the text defines at namespace scope."""
    scopes, statement, found = [], [], []
    for token in tokens(text):
        if token == '{':
            kind, name = opened_by(statement)
            if kind == 'type' and all(k == 'namespace' and n for k, n in scopes):
                found.append('::'.join([n for _, n in scopes] + [name]))
            scopes.append((kind, name))
            statement = []
        elif token == '}':
            if scopes:
                scopes.pop()
            statement = []
        elif token == ';':
            statement = []
        else:
            statement.append(token)
    return found


def duplicates(folder):
    places = {}
    for path in sorted(pathlib.Path(folder).rglob('*')):
        if path.suffix in ('.h', '.cpp') and not path.stem.endswith(('_test', '_fuzz')):
            for name in types_of(path.read_text()):
                places.setdefault(name, set()).add(str(path))
    return {name: sorted(files) for name, files in places.items() if len(files) > 1}, len(places)


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            (pathlib.Path(folder) / name).write_text(text)

        write('a.h', 'namespace octet {\nstruct Point { int x; };\ntemplate <class T> class Box final : T { struct Inner {}; };\n'
                     'enum class Kind { kA };\nclass Named;\n}')
        write('b.h', 'namespace octet { // struct Box {\nclass Named { int n = 1\'000; };\nnamespace { struct Point {}; }\n'
                     'void f() { struct Kind {}; }\nstruct Other { struct Inner {}; };\n}\nnamespace std { template <> struct hash<int> {}; }')
        write('c_test.cpp', 'namespace octet { struct Point {}; }')
        assert duplicates(folder)[0] == {}, duplicates(folder)
        write('c.h', 'namespace octet {\nstruct Point { const char* s = "}"; };\nenum class Kind : int { kB };\n}')
        assert sorted(duplicates(folder)[0]) == ['octet::Kind', 'octet::Point'], duplicates(folder)
        write('d.h', 'namespace octet::detail { struct Point {}; }')
        assert sorted(duplicates(folder)[0]) == ['octet::Kind', 'octet::Point'], duplicates(folder)
    print('types: the check works')


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    found, count = duplicates(sys.argv[1])
    for name, files in found.items():
        print(f'{name} is defined in {" and in ".join(files)}: rename one, or put it into an anonymous namespace')
    if not found:
        print(f'types: {count} names, each defined once')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
