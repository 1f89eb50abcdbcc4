// OCTET_MULTIVERSION compiles a function for several instruction sets. The dynamic linker selects
// the best one that the processor has. x86-64-v4 is AVX-512 as a set of features, not one model of
// processor. Other compilers and sanitizers do not support it and get one plain version.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(OCTET_SANITIZED)
#define OCTET_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define OCTET_MULTIVERSION
#endif
