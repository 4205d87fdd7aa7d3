/* Contracts in C++17: operators on numbers and addresses, and state variables, over lockstep.h. */
#ifndef LOCKSTEP_HPP
#define LOCKSTEP_HPP

#include "lockstep.h"

/* Numbers of 256 bits: what does not fit, and a division by zero, revert with a panic. */
inline u256 operator+(IN(u256) a, IN(u256) b) { return u256_add(a, b); }
inline u256 operator-(IN(u256) a, IN(u256) b) { return u256_sub(a, b); }
inline u256 operator*(IN(u256) a, IN(u256) b) { return u256_mul(a, b); }
inline u256 operator/(IN(u256) a, IN(u256) b) { return u256_div(a, b); }
inline u256 operator%(IN(u256) a, IN(u256) b) { return u256_rem(a, b); }
inline u256 &operator+=(u256 &a, IN(u256) b) { return a = a + b; }
inline u256 &operator-=(u256 &a, IN(u256) b) { return a = a - b; }
inline bool operator==(IN(u256) a, IN(u256) b) { return u256_equal(a, b); }
inline bool operator!=(IN(u256) a, IN(u256) b) { return !u256_equal(a, b); }
inline bool operator<(IN(u256) a, IN(u256) b) { return u256_less(a, b); }
inline bool operator>(IN(u256) a, IN(u256) b) { return u256_less(b, a); }
inline bool operator<=(IN(u256) a, IN(u256) b) { return !u256_less(b, a); }
inline bool operator>=(IN(u256) a, IN(u256) b) { return !u256_less(a, b); }

inline bool operator==(IN(address) a, IN(address) b) { return address_equal(a, b); }
inline bool operator!=(IN(address) a, IN(address) b) { return !address_equal(a, b); }

/* An array of any length; `new_T_array(size)` makes one of zeros. */
template <class T>
struct Array {
  T *item;
  uint32_t size;

  T &operator[](uint32_t index) const {
    if (index >= size) panic(PANIC_INDEX);
    return item[index];
  }
  T *begin() const { return item; }
  T *end() const { return item + size; }
};

/* How a type is read from a word and written to one. */
template <class T>
struct Word;

#define LOCKSTEP_WORD(name, type)                                          \
  template <>                                                              \
  struct Word<type> {                                                      \
    static type read(const uint8_t *p) { return read_##name(p); }          \
    static void write(uint8_t *p, IN(type) value) { write_##name(p, value); }  \
  };

LOCKSTEP_WORD(bool, bool)
LOCKSTEP_WORD(uint8, uint8_t)
LOCKSTEP_WORD(uint16, uint16_t)
LOCKSTEP_WORD(uint32, uint32_t)
LOCKSTEP_WORD(uint64, uint64_t)
LOCKSTEP_WORD(uint256, u256)
LOCKSTEP_WORD(int8, int8_t)
LOCKSTEP_WORD(int16, int16_t)
LOCKSTEP_WORD(int32, int32_t)
LOCKSTEP_WORD(int64, int64_t)
LOCKSTEP_WORD(address, address)
LOCKSTEP_WORD(bytes32, bytes32)

/* Key and slot, whose hash is the slot of an entry. */
template <class K>
struct Key {
  static void enter(uint8_t data[64], IN(K) key) {
    Word<K>::write(data, key);
    lockstep_entry(data);
  }
};
template <>
struct Key<bytes> {
  static void enter(uint8_t data[64], bytes key) { lockstep_entry_bytes(data, key); }
};
template <>
struct Key<string> {
  static void enter(uint8_t data[64], string key) {
    lockstep_entry_bytes(data, bytes{(const uint8_t *)key.data, key.size});
  }
};

/* One value in the storage; reads and writes it where a T is used. */
template <class T>
struct Value {
  uint8_t slot[32];

  constexpr Value() : slot{} {}
  constexpr explicit Value(uint16_t index) : slot{} {
    slot[30] = index >> 8;
    slot[31] = index & 255;
  }

  T get() const {
    uint8_t word[32];
    host_storageLoad(slot, word);
    return Word<T>::read(word);
  }
  void set(IN(T) value) const {
    uint8_t word[32];
    Word<T>::write(word, value);
    host_storageStore(slot, word);
  }
  operator T() const { return get(); }
  const Value &operator=(IN(T) value) const {
    set(value);
    return *this;
  }
  const Value &operator+=(IN(T) value) const { return *this = get() + value; }
  const Value &operator-=(IN(T) value) const { return *this = get() - value; }
};

/* What an entry of a mapping is: a value, or another mapping. */
template <class V>
struct Entry {
  using type = Value<V>;
};

/* Values by key. An entry that was never set is zero. */
template <class K, class V>
struct Mapping {
  uint8_t slot[32];

  constexpr Mapping() : slot{} {}
  constexpr explicit Mapping(uint16_t index) : slot{} {
    slot[30] = index >> 8;
    slot[31] = index & 255;
  }

  typename Entry<V>::type operator[](IN(K) key) const {
    uint8_t data[64];
    __builtin_memcpy(data + 32, slot, 32);
    Key<K>::enter(data, key);
    typename Entry<V>::type entry;
    __builtin_memcpy(entry.slot, data + 32, 32);
    return entry;
  }
};

template <class K, class V>
struct Entry<Mapping<K, V>> {
  using type = Mapping<K, V>;
};

#endif
