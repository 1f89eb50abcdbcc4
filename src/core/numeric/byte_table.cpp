#include "core/numeric/byte_table.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace octet {
namespace {

void look_up_plainly(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table) {
  for (size_t i = 0; i < count; ++i) to[i] = table[from[i]];
}

#ifdef __x86_64__
// Two permutations of 128 bytes each, and the top bit chooses.
__attribute__((target("avx512vbmi,avx512bw"))) void look_up_vbmi(const uint8_t* from, uint8_t* to,
                                                                 size_t count,
                                                                 const ByteTable& table) {
  constexpr size_t kStep = 64;
  const __m512i a = _mm512_loadu_si512(table.data());
  const __m512i b = _mm512_loadu_si512(table.data() + kStep);
  const __m512i c = _mm512_loadu_si512(table.data() + 2 * kStep);
  const __m512i d = _mm512_loadu_si512(table.data() + 3 * kStep);
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    const __m512i x = _mm512_loadu_si512(from + i);
    const __m512i low = _mm512_permutex2var_epi8(a, x, b);
    const __m512i high = _mm512_permutex2var_epi8(c, x, d);
    _mm512_storeu_si512(to + i, _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high));
  }
  look_up_plainly(from + i, to + i, count - i, table);
}

// A shuffle takes a byte out of a row of 16, and gives 0 where the index is negative. With every
// row but the first of a half XORed with the one before, the XOR of what all rows of the half give
// is the byte wanted: those beyond its own give 0.
__attribute__((target("avx2"))) void look_up_avx2(const uint8_t* from, uint8_t* to, size_t count,
                                                  const ByteTable& table) {
  constexpr size_t kRow = 16, kHalf = 128, kStep = 32;
  ByteTable changes = table;
  for (size_t i = 0; i < changes.size(); ++i)
    if (i % kHalf >= kRow) changes[i] = table[i] ^ table[i - kRow];
  const __m256i row_size = _mm256_set1_epi8(kRow);
  const __m256i top_bit = _mm256_set1_epi8(-128);
  size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
    __m256i high = _mm256_xor_si256(low, top_bit);
    __m256i found = _mm256_setzero_si256();
    for (size_t at = 0; at < kHalf; at += kRow) {
      const auto* row = reinterpret_cast<const __m128i*>(changes.data() + at);
      const __m256i of_low = _mm256_broadcastsi128_si256(_mm_loadu_si128(row));
      const __m256i of_high = _mm256_broadcastsi128_si256(_mm_loadu_si128(row + kHalf / kRow));
      found = _mm256_xor_si256(found, _mm256_shuffle_epi8(of_low, low));
      found = _mm256_xor_si256(found, _mm256_shuffle_epi8(of_high, high));
      low = _mm256_subs_epi8(low, row_size);
      high = _mm256_subs_epi8(high, row_size);
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), found);
  }
  look_up_plainly(from + i, to + i, count - i, table);
}

#endif

}  // namespace

std::vector<LookUp> ways_to_look_up() {
  std::vector<LookUp> ways;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512vbmi")) ways.push_back(look_up_vbmi);
  if (__builtin_cpu_supports("avx2")) ways.push_back(look_up_avx2);
#endif
  ways.push_back(look_up_plainly);
  return ways;
}

void look_up(const uint8_t* from, uint8_t* to, size_t count, const ByteTable& table) {
  static const LookUp fastest = ways_to_look_up().front();
  fastest(from, to, count, table);
}

}  // namespace octet
