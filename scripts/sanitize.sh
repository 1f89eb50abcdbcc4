#!/usr/bin/env bash
# sanitize.sh asan|tsan [REGEX [TARGET…]]: the fast tests (those whose name matches) under that preset's sanitizers.
# The trainer's are run when its target is named: sanitize.sh asan '^train_test/' train_test
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build engines test
scripts/build.sh "$1" "${@:3}"
# TBB opens its binding library with RTLD_DEEPBIND, which the sanitizers refuse. This takes the flag away.
shim=$PWD/build/$1/dlopen.so
gcc -shared -fPIC -o "$shim" -x c - <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
void* dlopen(const char* file, int mode) {
  void* (*next)(const char*, int) = (void* (*)(const char*, int))dlsym(RTLD_NEXT, "dlopen");
  return next(file, mode & ~RTLD_DEEPBIND);
}
C
export LD_PRELOAD=$shim
# intercept_tls_get_addr: a thread-local block of a loaded library that begins 16 bytes into a page is taken for
# one of an older glibc, with its size and address before it, and the leak check crashes on what lies there.
# It is not needed: blocks of the dynamic linker are reachable as such.
export ASAN_OPTIONS=verify_asan_link_order=0:detect_odr_violation=0:allocator_may_return_null=1
ASAN_OPTIONS+=:intercept_tls_get_addr=0
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp TSAN_OPTIONS=suppressions=$PWD/scripts/tsan.supp
without_trainer=(-E '^train_test')
[ $# -gt 2 ] && without_trainer=()
ctest --test-dir "build/$1" --output-on-failure -j "$(nproc)" -L fast -R "${2:-.}" "${without_trainer[@]}"
