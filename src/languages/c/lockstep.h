/*
 * Contracts in C: the functions of the host, numbers of 256 bits, and what the code that Lockstep
 * writes around a contract is made of. Freestanding C11, also read as C++17 by lockstep.hpp.
 *
 * A frame has a memory of its own that is gone when it ends, so nothing is ever freed.
 */
#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The declarations of a contract, which Lockstep reads and the compiler skips. */
#define LOCKSTEP(...)

#ifdef __cplusplus
#define LOCKSTEP_NORETURN [[noreturn]]
#else
#define LOCKSTEP_NORETURN _Noreturn
#endif

/* A parameter that is only read: by reference where the language has them. */
#ifdef __cplusplus
#define IN(type) const type &
#else
#define IN(type) type
#endif

/* A function that is written once and called, however often it is used. */
#define LOCKSTEP_SHARED __attribute__((noinline, unused)) static

/* --- The host: module `env`. Addresses have 20 bytes; words 32, the highest byte first. --- */

#define LOCKSTEP_HOST(result, name, ...) \
  __attribute__((import_module("env"), import_name(#name))) result host_##name(__VA_ARGS__)

LOCKSTEP_HOST(void, getAddress, void *result);
LOCKSTEP_HOST(void, getCaller, void *result);
LOCKSTEP_HOST(void, getCallValue, void *result);
LOCKSTEP_HOST(int32_t, getCallDataSize, void);
LOCKSTEP_HOST(void, callDataCopy, void *result, int32_t offset, int32_t length);
LOCKSTEP_HOST(int64_t, getGasLeft, void);
LOCKSTEP_NORETURN LOCKSTEP_HOST(void, finish, const void *data, int32_t length);
LOCKSTEP_NORETURN LOCKSTEP_HOST(void, revert, const void *data, int32_t length);
LOCKSTEP_NORETURN LOCKSTEP_HOST(void, invalid, void);
LOCKSTEP_HOST(int32_t, getReturnDataSize, void);
LOCKSTEP_HOST(void, returnDataCopy, void *result, int32_t offset, int32_t length);

LOCKSTEP_HOST(int32_t, getBlockHash, int64_t number, void *result);
LOCKSTEP_HOST(void, getBlockCoinbase, void *result);
LOCKSTEP_HOST(void, getBlockPrevRandao, void *result);
LOCKSTEP_HOST(int64_t, getBlockGasLimit, void);
LOCKSTEP_HOST(int64_t, getBlockTimestamp, void);
LOCKSTEP_HOST(int64_t, getBlockNumber, void);
LOCKSTEP_HOST(void, getTxGasPrice, void *result);
LOCKSTEP_HOST(void, getTxOrigin, void *result);
LOCKSTEP_HOST(void, getBaseFee, void *result);
LOCKSTEP_HOST(void, getBlobBaseFee, void *result);
LOCKSTEP_HOST(void, getChainId, void *result);

LOCKSTEP_HOST(void, getExternalBalance, const void *account, void *result);
LOCKSTEP_HOST(void, getExternalCodeHash, const void *account, void *result);
LOCKSTEP_HOST(int32_t, getExternalCodeSize, const void *account);
LOCKSTEP_HOST(void, externalCodeCopy, const void *account, void *result, int32_t offset,
              int32_t length);
LOCKSTEP_HOST(int32_t, getCodeSize, void);
LOCKSTEP_HOST(void, codeCopy, void *result, int32_t offset, int32_t length);

LOCKSTEP_HOST(void, storageLoad, const void *key, void *result);
LOCKSTEP_HOST(void, storageStore, const void *key, const void *value);
LOCKSTEP_HOST(void, storageLoadLittleEndian, const void *key, void *result);
LOCKSTEP_HOST(void, storageStoreLittleEndian, const void *key, const void *value);
LOCKSTEP_HOST(void, transientLoad, const void *key, void *result);
LOCKSTEP_HOST(void, transientStore, const void *key, const void *value);

/* Calls and creations give 0 for success. */
LOCKSTEP_HOST(int32_t, callContract, int64_t gas, const void *account, const void *value,
              const void *data, int32_t length);
LOCKSTEP_HOST(int32_t, callCode, int64_t gas, const void *account, const void *value,
              const void *data, int32_t length);
LOCKSTEP_HOST(int32_t, callDelegate, int64_t gas, const void *account, const void *data,
              int32_t length);
LOCKSTEP_HOST(int32_t, callStatic, int64_t gas, const void *account, const void *data,
              int32_t length);
LOCKSTEP_HOST(int32_t, createContract, const void *value, const void *code, int32_t code_length,
              const void *data, int32_t length, const void *salt, int32_t is_create2,
              void *result);
LOCKSTEP_NORETURN LOCKSTEP_HOST(void, selfDestruct, const void *heir);

LOCKSTEP_HOST(void, emitLogEvent, const void *data, int32_t length, int32_t topic_count,
              const void *topic1, const void *topic2, const void *topic3, const void *topic4);
LOCKSTEP_HOST(void, keccak256, const void *data, int32_t length, void *result);
LOCKSTEP_HOST(void, sha256, const void *data, int32_t length, void *result);
LOCKSTEP_HOST(void, addmod, const void *a, const void *b, const void *n, void *result);
LOCKSTEP_HOST(void, mulmod, const void *a, const void *b, const void *n, void *result);
LOCKSTEP_HOST(void, expmod, const void *a, const void *b, const void *n, void *result);

/* --- Types --- */

typedef struct address {
  uint8_t byte[20];
} address;

typedef struct bytes32 {
  uint8_t byte[32];
} bytes32;

/* Bytes that are somewhere in the memory. */
typedef struct bytes {
  const uint8_t *data;
  uint32_t size;
} bytes;

/* Text in UTF-8. */
typedef struct string {
  const char *data;
  uint32_t size;
#ifdef __cplusplus
  constexpr string() : data(nullptr), size(0) {}
  constexpr string(const char *text, uint32_t length) : data(text), size(length) {}
  template <size_t N>
  constexpr string(const char (&text)[N]) : data(text), size(N - 1) {}
#endif
} string;

/* Four limbs, the lowest first. */
typedef struct u256 {
  uint64_t limb[4];
#ifdef __cplusplus
  u256() = default;
  constexpr u256(uint64_t value) : limb{value, 0, 0, 0} {}
  constexpr u256(uint64_t a, uint64_t b, uint64_t c, uint64_t d) : limb{a, b, c, d} {}
#endif
} u256;

/* What a constant begins with. */
#ifdef __cplusplus
#define LOCKSTEP_U256(...) {__VA_ARGS__}
#else
#define LOCKSTEP_U256(...) {{__VA_ARGS__}}
#endif

/* --- Memory --- */

extern uint8_t __heap_base;

#define LOCKSTEP_PAGE 65536u

/* Memory that is zero, aligned to eight bytes. */
LOCKSTEP_SHARED void *lockstep_allocate(uint32_t size) {
  static uintptr_t next;
  if (next == 0) next = ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
  uintptr_t at = next;
  uintptr_t end = at + size + (-size & 7);
  uintptr_t limit = (uintptr_t)__builtin_wasm_memory_size(0) * LOCKSTEP_PAGE;
  if (end > limit) {
    uintptr_t pages = (end - limit + LOCKSTEP_PAGE - 1) / LOCKSTEP_PAGE;
    if (end < at || __builtin_wasm_memory_grow(0, pages) == (size_t)-1) __builtin_trap();
  }
  next = end;
  return (void *)at;
}

/* Memory for items, of which there are no more than a frame could have. */
LOCKSTEP_SHARED void *lockstep_allocate_items(uint32_t count, uint32_t size) {
  if (count > UINT32_MAX / 2 / size) __builtin_trap();
  return lockstep_allocate(count * size);
}

/* --- Ends of a frame --- */

/* Ends the frame without data, as Solidity does for calls that it cannot read. */
LOCKSTEP_NORETURN static inline void reject(void) { host_revert(0, 0); }

#define PANIC_OVERFLOW 0x11
#define PANIC_DIVISION 0x12
#define PANIC_INDEX 0x32

/* A panic of Solidity: `Panic(uint256)`. */
LOCKSTEP_NORETURN LOCKSTEP_SHARED void panic(uint8_t code) {
  static uint8_t data[36] = {0x4e, 0x48, 0x7b, 0x71};
  data[35] = code;
  host_revert(data, 36);
}

/* --- Numbers of 256 bits: functions check, and revert with a panic; `wrapping_` ones do not. --- */

typedef uint32_t __attribute__((may_alias)) lockstep_limb;
#define LOCKSTEP_LIMBS 8

static inline u256 u256_from(uint64_t value) {
  u256 result;
  result.limb[0] = value;
  result.limb[1] = result.limb[2] = result.limb[3] = 0;
  return result;
}

static inline u256 u256_max(void) {
  u256 result;
  for (int i = 0; i < 4; i++) result.limb[i] = UINT64_MAX;
  return result;
}

static inline bool u256_is_zero(IN(u256) a) {
  return (a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]) == 0;
}

static inline bool u256_equal(IN(u256) a, IN(u256) b) {
  return ((a.limb[0] ^ b.limb[0]) | (a.limb[1] ^ b.limb[1]) | (a.limb[2] ^ b.limb[2]) |
          (a.limb[3] ^ b.limb[3])) == 0;
}

LOCKSTEP_SHARED bool u256_less(IN(u256) a, IN(u256) b) {
  for (int i = 3; i > 0; i--) {
    if (a.limb[i] != b.limb[i]) return a.limb[i] < b.limb[i];
  }
  return a.limb[0] < b.limb[0];
}

LOCKSTEP_SHARED u256 u256_wrapping_add(IN(u256) a, IN(u256) b) {
  u256 result;
  uint64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    uint64_t sum = a.limb[i] + b.limb[i];
    uint64_t total = sum + carry;
    carry = (uint64_t)(sum < a.limb[i]) | (uint64_t)(total < sum);
    result.limb[i] = total;
  }
  return result;
}

LOCKSTEP_SHARED u256 u256_wrapping_sub(IN(u256) a, IN(u256) b) {
  u256 result;
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    uint64_t difference = a.limb[i] - b.limb[i];
    uint64_t total = difference - borrow;
    borrow = (uint64_t)(a.limb[i] < b.limb[i]) | (uint64_t)(difference < borrow);
    result.limb[i] = total;
  }
  return result;
}

/* Count of limbs of 32 bits without leading zeros. */
static inline int lockstep_limb_count(const lockstep_limb *a) {
  int count = LOCKSTEP_LIMBS;
  while (count > 0 && a[count - 1] == 0) count--;
  return count;
}

/* Low 256 bits of a product into zeros; whether there were more. */
LOCKSTEP_SHARED bool lockstep_multiply(const u256 *left, const u256 *right, u256 *result) {
  const lockstep_limb *a = (const lockstep_limb *)left->limb;
  const lockstep_limb *b = (const lockstep_limb *)right->limb;
  lockstep_limb *to = (lockstep_limb *)result->limb;
  int a_count = lockstep_limb_count(a), b_count = lockstep_limb_count(b);
  bool is_over = a_count + b_count > LOCKSTEP_LIMBS + 1;
  for (int i = 0; i < a_count; i++) {
    uint64_t carry = 0;
    int at = i;
    for (int j = 0; j < b_count && at < LOCKSTEP_LIMBS; j++, at++) {
      uint64_t sum = (uint64_t)a[i] * b[j] + to[at] + carry;
      to[at] = (uint32_t)sum;
      carry = sum >> 32;
    }
    if (at < LOCKSTEP_LIMBS) to[at] = (uint32_t)carry;
    else if (carry != 0) is_over = true;
  }
  return is_over;
}

/* Takes `factor` times the divisor from the dividend; whether it was too much. */
LOCKSTEP_SHARED bool lockstep_subtract_product(uint32_t *u, const uint32_t *v, int count, uint64_t factor) {
  uint64_t borrow = 0;
  for (int i = 0; i < count; i++) {
    uint64_t product = factor * v[i] + borrow;
    uint64_t difference = (uint64_t)u[i] - (uint32_t)product;
    u[i] = (uint32_t)difference;
    borrow = (product >> 32) + (difference >> 63);
  }
  uint64_t top = (uint64_t)u[count] - borrow;
  u[count] = (uint32_t)top;
  return top >> 63;
}

/* Algorithm D of Knuth, The Art of Computer Programming, volume 2, section 4.3.1. */
LOCKSTEP_SHARED void lockstep_divide(const u256 *dividend, const u256 *by, u256 *quotient, u256 *remainder) {
  const lockstep_limb *a = (const lockstep_limb *)dividend->limb;
  const lockstep_limb *b = (const lockstep_limb *)by->limb;
  lockstep_limb *q = (lockstep_limb *)quotient->limb;
  lockstep_limb *r = (lockstep_limb *)remainder->limb;
  int m = lockstep_limb_count(a), n = lockstep_limb_count(b);
  if (n == 0) panic(PANIC_DIVISION);
  *quotient = *remainder = u256_from(0);
  if (m < n) {
    *remainder = *dividend;
    return;
  }
  if (n == 1) {
    uint64_t rest = 0;
    for (int i = m - 1; i >= 0; i--) {
      uint64_t wide = (rest << 32) | a[i];
      q[i] = (uint32_t)(wide / b[0]);
      rest = wide % b[0];
    }
    r[0] = (uint32_t)rest;
    return;
  }
  uint32_t u[LOCKSTEP_LIMBS + 1], v[LOCKSTEP_LIMBS];
  int shift = __builtin_clz(b[n - 1]);
  uint64_t carry = 0;
  for (int i = 0; i < n; i++, carry >>= 32) v[i] = (uint32_t)(carry |= (uint64_t)b[i] << shift);
  carry = 0;
  for (int i = 0; i < m; i++, carry >>= 32) u[i] = (uint32_t)(carry |= (uint64_t)a[i] << shift);
  u[m] = (uint32_t)carry;
  for (int j = m - n; j >= 0; j--) {
    uint64_t wide = ((uint64_t)u[j + n] << 32) | u[j + n - 1];
    uint64_t digit = wide / v[n - 1], rest = wide % v[n - 1];
    while (digit >> 32 != 0 || digit * v[n - 2] > ((rest << 32) | u[j + n - 2])) {
      digit--;
      rest += v[n - 1];
      if (rest >> 32 != 0) break;
    }
    if (lockstep_subtract_product(u + j, v, n, digit)) {
      digit--;
      uint64_t sum = 0;
      for (int i = 0; i < n; i++, sum >>= 32) u[j + i] = (uint32_t)(sum += (uint64_t)u[j + i] + v[i]);
      u[j + n] += (uint32_t)sum;
    }
    q[j] = (uint32_t)digit;
  }
  for (int i = 0; i < n; i++) {
    r[i] = (uint32_t)((((uint64_t)u[i + 1] << 32) | u[i]) >> shift);
  }
}

LOCKSTEP_SHARED u256 u256_add(IN(u256) a, IN(u256) b) {
  u256 sum = u256_wrapping_add(a, b);
  if (u256_less(sum, a)) panic(PANIC_OVERFLOW);
  return sum;
}

LOCKSTEP_SHARED u256 u256_sub(IN(u256) a, IN(u256) b) {
  if (u256_less(a, b)) panic(PANIC_OVERFLOW);
  return u256_wrapping_sub(a, b);
}

LOCKSTEP_SHARED u256 u256_wrapping_mul(IN(u256) a, IN(u256) b) {
  u256 result = u256_from(0);
  lockstep_multiply(&a, &b, &result);
  return result;
}

LOCKSTEP_SHARED u256 u256_mul(IN(u256) a, IN(u256) b) {
  u256 result = u256_from(0);
  if (lockstep_multiply(&a, &b, &result)) panic(PANIC_OVERFLOW);
  return result;
}

LOCKSTEP_SHARED u256 u256_div(IN(u256) a, IN(u256) b) {
  u256 quotient, remainder;
  lockstep_divide(&a, &b, &quotient, &remainder);
  return quotient;
}

LOCKSTEP_SHARED u256 u256_rem(IN(u256) a, IN(u256) b) {
  u256 quotient, remainder;
  lockstep_divide(&a, &b, &quotient, &remainder);
  return remainder;
}

LOCKSTEP_SHARED u256 u256_pow(IN(u256) a, uint32_t exponent) {
  u256 result = u256_from(1), square = a;
  while (exponent != 0) {
    if (exponent & 1) result = u256_mul(result, square);
    exponent >>= 1;
    if (exponent != 0) square = u256_mul(square, square);
  }
  return result;
}

/* --- Words of the ABI: 32 bytes, the highest first; what does not fit the type is rejected. --- */

/* The bytes of a number in the other order: neighbours, pairs, and then halves change places. */
LOCKSTEP_SHARED uint64_t lockstep_swap(uint64_t value) {
  const uint64_t bytes = 0x00ff00ff00ff00ff, pairs = 0x0000ffff0000ffff;
  value = ((value & bytes) << 8) | ((value >> 8) & bytes);
  value = ((value & pairs) << 16) | ((value >> 16) & pairs);
  return (value << 32) | (value >> 32);
}

static inline uint64_t lockstep_load64(const uint8_t *p) {
  uint64_t value;
  __builtin_memcpy(&value, p, 8);
  return value;
}

static inline void lockstep_store64(uint8_t *p, uint64_t value) { __builtin_memcpy(p, &value, 8); }

LOCKSTEP_SHARED u256 read_uint256(const uint8_t *p) {
  u256 value;
  value.limb[0] = lockstep_swap(lockstep_load64(p + 24));
  value.limb[1] = lockstep_swap(lockstep_load64(p + 16));
  value.limb[2] = lockstep_swap(lockstep_load64(p + 8));
  value.limb[3] = lockstep_swap(lockstep_load64(p));
  return value;
}

LOCKSTEP_SHARED void write_uint256(uint8_t *p, IN(u256) value) {
  lockstep_store64(p + 24, lockstep_swap(value.limb[0]));
  lockstep_store64(p + 16, lockstep_swap(value.limb[1]));
  lockstep_store64(p + 8, lockstep_swap(value.limb[2]));
  lockstep_store64(p, lockstep_swap(value.limb[3]));
}

LOCKSTEP_SHARED uint64_t lockstep_read_integer(const uint8_t *p, bool is_signed, int bits) {
  uint64_t value = lockstep_swap(lockstep_load64(p + 24));
  uint64_t fill = is_signed && value >> 63 ? UINT64_MAX : 0;
  bool fits = lockstep_load64(p) == fill && lockstep_load64(p + 8) == fill &&
              lockstep_load64(p + 16) == fill;
  if (bits < 64) {
    fits = fits && (is_signed ? (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits)) == value
                              : value >> bits == 0);
  }
  if (!fits) reject();
  return value;
}

LOCKSTEP_SHARED void lockstep_write_integer(uint8_t *p, uint64_t value, bool is_negative) {
  uint64_t fill = is_negative ? UINT64_MAX : 0;
  for (int i = 0; i < 3; i++) lockstep_store64(p + 8 * i, fill);
  lockstep_store64(p + 24, lockstep_swap(value));
}

#define LOCKSTEP_INTEGER(name, type, is_signed, bits)                              \
  static inline type read_##name(const uint8_t *p) {                               \
    return (type)lockstep_read_integer(p, is_signed, bits);                        \
  }                                                                                \
  static inline void write_##name(uint8_t *p, type value) {                        \
    lockstep_write_integer(p, (uint64_t)value, is_signed && (int64_t)value < 0);   \
  }

LOCKSTEP_INTEGER(bool, bool, false, 1)
LOCKSTEP_INTEGER(uint8, uint8_t, false, 8)
LOCKSTEP_INTEGER(uint16, uint16_t, false, 16)
LOCKSTEP_INTEGER(uint32, uint32_t, false, 32)
LOCKSTEP_INTEGER(uint64, uint64_t, false, 64)
LOCKSTEP_INTEGER(int8, int8_t, true, 8)
LOCKSTEP_INTEGER(int16, int16_t, true, 16)
LOCKSTEP_INTEGER(int32, int32_t, true, 32)
LOCKSTEP_INTEGER(int64, int64_t, true, 64)

static inline address read_address(const uint8_t *p) {
  address value;
  if ((lockstep_load64(p) | (lockstep_load64(p + 4) >> 32)) != 0) reject();
  __builtin_memcpy(value.byte, p + 12, 20);
  return value;
}

static inline void write_address(uint8_t *p, IN(address) value) {
  lockstep_store64(p, 0);
  lockstep_store64(p + 4, 0);
  __builtin_memcpy(p + 12, value.byte, 20);
}

static inline bytes32 read_bytes32(const uint8_t *p) {
  bytes32 value;
  __builtin_memcpy(value.byte, p, 32);
  return value;
}

static inline void write_bytes32(uint8_t *p, IN(bytes32) value) { __builtin_memcpy(p, value.byte, 32); }

/* --- Lists of values --- */

/* Reads values one after the other; offsets count from the base. */
typedef struct reader {
  const uint8_t *base, *at, *end;
} reader;

static const uint8_t *next_word(reader *in) {
  const uint8_t *at = in->at;
  if (at > in->end || in->end - at < 32) reject();
  in->at = at + 32;
  return at;
}

/* Where a value stands whose offset is next; its own offsets count from there. */
LOCKSTEP_SHARED reader lockstep_follow(reader *in) {
  uint64_t offset = read_uint64(next_word(in)), size = (uint64_t)(in->end - in->base);
  if (offset > size || size - offset < 32) reject();
  reader part = {in->base + offset, in->base + offset, in->end};
  return part;
}

/* The same for a list: its length, and its items, each of which takes so many bytes at least. */
LOCKSTEP_SHARED reader lockstep_follow_list(reader *in, uint32_t item_bytes, uint32_t *count) {
  reader part = lockstep_follow(in);
  uint64_t length = read_uint64(next_word(&part));
  if (length > (uint64_t)(part.end - part.at) / item_bytes) reject();
  part.base = part.at;
  *count = (uint32_t)length;
  return part;
}

LOCKSTEP_SHARED bytes next_bytes(reader *in) {
  bytes value;
  value.data = lockstep_follow_list(in, 1, &value.size).at;
  return value;
}

static inline string next_string(reader *in) {
  bytes value = next_bytes(in);
  string text = {(const char *)value.data, value.size};
  return text;
}

/* Writes values one after the other; `prefix` bytes of a selector or a length stand before them. */
typedef struct writer {
  uint8_t *data;
  uint32_t prefix, head, size, capacity;
} writer;

/* `count` words come first, with values and offsets; what offsets lead to is put behind them. */
LOCKSTEP_SHARED writer new_writer(uint32_t prefix, uint32_t selector, uint32_t count) {
  writer out = {0, prefix, prefix, prefix + 32 * count, 0};
  out.capacity = out.size + 256;
  out.data = (uint8_t *)lockstep_allocate(out.capacity);
  if (prefix != 0) __builtin_memcpy(out.data, &selector, 4);
  return out;
}

static inline uint8_t *put_word(writer *out) {
  uint8_t *at = out->data + out->head;
  out->head += 32;
  return at;
}

/* Room at the end for a value whose offset is the next word. */
LOCKSTEP_SHARED uint8_t *put_offset(writer *out, uint32_t size) {
  uint32_t start = out->size, needed = start + size;
  write_uint32(put_word(out), start - out->prefix);
  if (needed > out->capacity) {
    uint8_t *larger = (uint8_t *)lockstep_allocate(2 * needed);
    __builtin_memcpy(larger, out->data, start);
    out->data = larger;
    out->capacity = 2 * needed;
  }
  out->size = needed;
  return out->data + start;
}

/* The same for what another writer has. */
static inline void put_tail(writer *out, const writer *part) {
  __builtin_memcpy(put_offset(out, part->size), part->data, part->size);
}

/* A writer of the items of a list, behind its length. */
LOCKSTEP_SHARED writer new_list(uint32_t count, uint32_t item_words) {
  writer out = new_writer(32, 0, count * item_words);
  write_uint32(out.data, count);
  return out;
}

LOCKSTEP_SHARED void put_bytes(writer *out, bytes value) {
  uint8_t *at = put_offset(out, 32 + value.size + (-value.size & 31));
  write_uint32(at, value.size);
  __builtin_memcpy(at + 32, value.data, value.size);
}

static inline void put_string(writer *out, string value) {
  bytes content = {(const uint8_t *)value.data, value.size};
  put_bytes(out, content);
}

/* An indexed value of any length is found by its hash. */
static inline void topic_bytes(uint8_t *topic, bytes value) {
  host_keccak256(value.data, (int32_t)value.size, topic);
}

static inline void topic_string(uint8_t *topic, string value) {
  host_keccak256(value.data, (int32_t)value.size, topic);
}

/* --- What contracts ask for --- */

static inline address msg_sender(void) {
  address result;
  host_getCaller(&result);
  return result;
}

static inline address self(void) {
  address result;
  host_getAddress(&result);
  return result;
}

static inline u256 msg_value(void) {
  uint8_t word[32];
  host_getCallValue(word);
  return read_uint256(word);
}

static inline address tx_origin(void) {
  address result;
  host_getTxOrigin(&result);
  return result;
}

static inline uint64_t block_number(void) { return (uint64_t)host_getBlockNumber(); }
static inline uint64_t block_timestamp(void) { return (uint64_t)host_getBlockTimestamp(); }

static inline u256 balance_of(IN(address) account) {
  uint8_t word[32];
  host_getExternalBalance(&account, word);
  return read_uint256(word);
}

static inline bytes32 keccak256(bytes data) {
  bytes32 result;
  host_keccak256(data.data, (int32_t)data.size, &result);
  return result;
}

static inline address address_zero(void) {
  address result = {{0}};
  return result;
}

static inline bool address_equal(IN(address) a, IN(address) b) {
  uint64_t high = lockstep_load64(a.byte) ^ lockstep_load64(b.byte);
  uint64_t middle = lockstep_load64(a.byte + 8) ^ lockstep_load64(b.byte + 8);
  uint64_t low = lockstep_load64(a.byte + 12) ^ lockstep_load64(b.byte + 12);
  return (high | middle | low) == 0;
}

static inline bool address_is_zero(IN(address) a) { return address_equal(a, address_zero()); }

/* Undoes what the call did, and ends it with `Error(string)`. */
LOCKSTEP_NORETURN static inline void revert_with(string message) {
  writer out = new_writer(4, 0xa079c308, 1);
  put_string(&out, message);
  host_revert(out.data, (int32_t)out.size);
}

/* --- What the written code is made of --- */

LOCKSTEP_SHARED bytes lockstep_call_data(void) {
  uint32_t size = (uint32_t)host_getCallDataSize();
  uint8_t *data = (uint8_t *)lockstep_allocate(size);
  host_callDataCopy(data, 0, (int32_t)size);
  bytes result = {data, size};
  return result;
}

static inline reader lockstep_parameters(bytes data, uint32_t offset) {
  reader in = {data.data + offset, data.data + offset, data.data + data.size};
  return in;
}

static inline uint32_t lockstep_selector(bytes data) {
  uint32_t value;
  __builtin_memcpy(&value, data.data, 4);
  return value;
}

/* A function that is not payable takes no value. */
LOCKSTEP_SHARED void lockstep_refuse_value(void) {
  if (!u256_is_zero(msg_value())) reject();
}

LOCKSTEP_NORETURN static inline void lockstep_finish(writer out) {
  host_finish(out.data, (int32_t)out.size);
}

/* keccak256(key . slot), in place: Solidity, Layout of State Variables in Storage. */
static inline void lockstep_entry(uint8_t data[64]) { host_keccak256(data, 64, data + 32); }

static inline void lockstep_entry_bytes(uint8_t data[64], bytes key) {
  uint8_t *whole = (uint8_t *)lockstep_allocate(key.size + 32);
  __builtin_memcpy(whole, key.data, key.size);
  __builtin_memcpy(whole + key.size, data + 32, 32);
  host_keccak256(whole, (int32_t)(key.size + 32), data + 32);
}

/* Calls another contract; what it reverts with, this frame reverts with too. */
LOCKSTEP_SHARED reader lockstep_call(IN(address) to, writer out, bool is_static, uint32_t output_count) {
  static const uint8_t no_value[32] = {0};
  int64_t gas = host_getGasLeft();
  int32_t failed = is_static ? host_callStatic(gas, &to, out.data, (int32_t)out.size)
                             : host_callContract(gas, &to, no_value, out.data, (int32_t)out.size);
  int32_t size = host_getReturnDataSize();
  uint8_t *data = (uint8_t *)lockstep_allocate((uint32_t)size);
  host_returnDataCopy(data, 0, size);
  if (failed != 0) host_revert(data, size);
  /* An account without code accepts every call; a result would be missing anyway. */
  if (output_count == 0 && host_getExternalCodeSize(&to) == 0) reject();
  reader in = {data, data, data + size};
  return in;
}

#endif
