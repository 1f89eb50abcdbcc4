#!/usr/bin/env python3
"""installed_links_test.py BUILD: every link of the installed documents leads to an installed file."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from check_prose import broken_links  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["cmake", "--install", sys.argv[1], "--prefix", folder, "--component", "runtime"],
                   check=True, stdout=subprocess.DEVNULL)
    documents = pathlib.Path(folder, "share/doc/octet")
    pages = sorted(documents.rglob("*.md"))
    found = [f"{page.relative_to(documents)}: {link}" for page in pages for link in broken_links(page, page.read_text())]
for line in found:
    print(line)
if not pages:
    sys.exit("no document is installed")
print(f"{len(pages)} documents, {len(found)} broken links")
sys.exit(1 if found else 0)
