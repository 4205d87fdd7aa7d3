//! Contracts in Rust: the functions of the host, numbers of 256 bits, state variables, and what the
//! code that Lockstep writes around a contract is made of.
//!
//! A frame has a memory of its own that is gone when it ends, so nothing is ever freed, and what is
//! read of the call data lives as long as the frame: `&'static [u8]`.

use core::cell::UnsafeCell;
use core::cmp::Ordering;
use core::marker::PhantomData;
use core::ops::{Add, AddAssign, Div, Mul, Rem, Sub, SubAssign};

/// The declarations of a contract, which Lockstep reads; the code written from them stands here.
#[macro_export]
macro_rules! lockstep {
    ($($declarations:tt)*) => {
        include!(env!("LOCKSTEP_GLUE"));
    };
}

/// The host: module `env`. Addresses have 20 bytes; words 32, the highest byte first.
#[allow(non_snake_case, clippy::too_many_arguments)]
pub mod host {
    #[link(wasm_import_module = "env")]
    extern "C" {
        pub fn getAddress(result: *mut u8);
        pub fn getCaller(result: *mut u8);
        pub fn getCallValue(result: *mut u8);
        pub fn getCallDataSize() -> i32;
        pub fn callDataCopy(result: *mut u8, offset: i32, length: i32);
        pub fn getGasLeft() -> i64;
        pub fn finish(data: *const u8, length: i32) -> !;
        pub fn revert(data: *const u8, length: i32) -> !;
        pub fn invalid() -> !;
        pub fn getReturnDataSize() -> i32;
        pub fn returnDataCopy(result: *mut u8, offset: i32, length: i32);

        pub fn getBlockHash(number: i64, result: *mut u8) -> i32;
        pub fn getBlockCoinbase(result: *mut u8);
        pub fn getBlockPrevRandao(result: *mut u8);
        pub fn getBlockGasLimit() -> i64;
        pub fn getBlockTimestamp() -> i64;
        pub fn getBlockNumber() -> i64;
        pub fn getTxGasPrice(result: *mut u8);
        pub fn getTxOrigin(result: *mut u8);
        pub fn getBaseFee(result: *mut u8);
        pub fn getBlobBaseFee(result: *mut u8);
        pub fn getChainId(result: *mut u8);

        pub fn getExternalBalance(account: *const u8, result: *mut u8);
        pub fn getExternalCodeHash(account: *const u8, result: *mut u8);
        pub fn getExternalCodeSize(account: *const u8) -> i32;
        pub fn externalCodeCopy(account: *const u8, result: *mut u8, offset: i32, length: i32);
        pub fn getCodeSize() -> i32;
        pub fn codeCopy(result: *mut u8, offset: i32, length: i32);

        pub fn storageLoad(key: *const u8, result: *mut u8);
        pub fn storageStore(key: *const u8, value: *const u8);
        pub fn storageLoadLittleEndian(key: *const u8, result: *mut u8);
        pub fn storageStoreLittleEndian(key: *const u8, value: *const u8);
        pub fn transientLoad(key: *const u8, result: *mut u8);
        pub fn transientStore(key: *const u8, value: *const u8);

        // Calls and creations give 0 for success.
        pub fn callContract(
            gas: i64,
            account: *const u8,
            value: *const u8,
            data: *const u8,
            length: i32,
        ) -> i32;
        pub fn callCode(
            gas: i64,
            account: *const u8,
            value: *const u8,
            data: *const u8,
            length: i32,
        ) -> i32;
        pub fn callDelegate(gas: i64, account: *const u8, data: *const u8, length: i32) -> i32;
        pub fn callStatic(gas: i64, account: *const u8, data: *const u8, length: i32) -> i32;
        pub fn createContract(
            value: *const u8,
            code: *const u8,
            code_length: i32,
            data: *const u8,
            length: i32,
            salt: *const u8,
            is_create2: i32,
            result: *mut u8,
        ) -> i32;
        pub fn selfDestruct(heir: *const u8) -> !;

        pub fn emitLogEvent(
            data: *const u8,
            length: i32,
            topic_count: i32,
            topic1: *const u8,
            topic2: *const u8,
            topic3: *const u8,
            topic4: *const u8,
        );
        pub fn keccak256(data: *const u8, length: i32, result: *mut u8);
        pub fn sha256(data: *const u8, length: i32, result: *mut u8);
        pub fn addmod(a: *const u8, b: *const u8, n: *const u8, result: *mut u8);
        pub fn mulmod(a: *const u8, b: *const u8, n: *const u8, result: *mut u8);
        pub fn expmod(a: *const u8, b: *const u8, n: *const u8, result: *mut u8);
    }
}

// --- Memory ---

const PAGE: usize = 65536;

struct Heap(UnsafeCell<usize>);

// A frame has one thread.
unsafe impl Sync for Heap {}

static NEXT: Heap = Heap(UnsafeCell::new(0));

extern "C" {
    static __heap_base: u8;
}

/// Memory that is zero, aligned to eight bytes.
#[inline(never)]
pub fn allocate(size: usize) -> &'static mut [u8] {
    unsafe {
        let next = NEXT.0.get();
        if *next == 0 {
            *next = &__heap_base as *const u8 as usize;
        }
        let at = (*next + 7) & !7;
        let limit = core::arch::wasm32::memory_size(0) * PAGE;
        let end = match at.checked_add(size) {
            Some(end) => end,
            None => core::arch::wasm32::unreachable(),
        };
        if end > limit {
            let pages = (end - limit + PAGE - 1) / PAGE;
            if core::arch::wasm32::memory_grow(0, pages) == usize::MAX {
                core::arch::wasm32::unreachable();
            }
        }
        *next = end;
        core::slice::from_raw_parts_mut(at as *mut u8, size)
    }
}

// --- Ends of a frame ---

/// Undoes what the call did, and ends it with data.
pub fn revert_data(data: &[u8]) -> ! {
    unsafe { host::revert(data.as_ptr(), data.len() as i32) }
}

/// Ends the frame without data, as Solidity does for calls that it cannot read.
pub fn reject() -> ! {
    revert_data(&[])
}

/// A panic of Solidity: `Panic(uint256)`.
#[inline(never)]
pub fn panic(code: u8) -> ! {
    let mut data = [0; 36];
    data[..4].copy_from_slice(&[0x4e, 0x48, 0x7b, 0x71]);
    data[35] = code;
    revert_data(&data)
}

pub const PANIC_ASSERT: u8 = 0x01;
pub const PANIC_OVERFLOW: u8 = 0x11;
pub const PANIC_DIVISION: u8 = 0x12;

/// Where panics of Rust lead: failed assertions, indices out of range, native overflows.
#[panic_handler]
fn on_panic(_: &core::panic::PanicInfo) -> ! {
    panic(PANIC_ASSERT)
}

/// Undoes what the call did, and ends it with `Error(string)`.
pub fn revert(message: &'static str) -> ! {
    let mut out = Writer::new(0xa079_c308, 1);
    message.put(&mut out);
    revert_data(out.data())
}

// --- Types ---

/// An account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Address(pub [u8; 20]);

impl Address {
    pub const ZERO: Address = Address([0; 20]);

    pub fn is_zero(self) -> bool {
        self == Address::ZERO
    }
}

/// 32 bytes, such as a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bytes32(pub [u8; 32]);

/// An unsigned number of 256 bits: four limbs, the lowest first. Operators check: what does not
/// fit, and a division by zero, revert with a panic of Solidity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct U256(pub [u64; 4]);

/// Limbs of 32 bits in a number.
const LIMBS: usize = 8;

impl U256 {
    pub const ZERO: U256 = U256([0; 4]);
    pub const MAX: U256 = U256([u64::MAX; 4]);

    pub fn is_zero(self) -> bool {
        self == U256::ZERO
    }

    pub fn wrapping_add(self, other: U256) -> U256 {
        let mut carry = false;
        let mut result = U256::ZERO;
        for i in 0..4 {
            let (sum, first) = self.0[i].overflowing_add(other.0[i]);
            let (total, second) = sum.overflowing_add(carry as u64);
            result.0[i] = total;
            carry = first | second;
        }
        result
    }

    pub fn wrapping_sub(self, other: U256) -> U256 {
        let mut borrow = false;
        let mut result = U256::ZERO;
        for i in 0..4 {
            let (difference, first) = self.0[i].overflowing_sub(other.0[i]);
            let (total, second) = difference.overflowing_sub(borrow as u64);
            result.0[i] = total;
            borrow = first | second;
        }
        result
    }

    pub fn wrapping_mul(self, other: U256) -> U256 {
        multiply(self, other).0
    }

    pub fn pow(self, mut exponent: u32) -> U256 {
        let mut result = U256::from(1);
        let mut square = self;
        while exponent != 0 {
            if exponent & 1 != 0 {
                result = result * square;
            }
            exponent >>= 1;
            if exponent != 0 {
                square = square * square;
            }
        }
        result
    }

    fn limbs(self) -> [u32; LIMBS] {
        let mut limbs = [0; LIMBS];
        for i in 0..LIMBS {
            limbs[i] = (self.0[i / 2] >> (32 * (i % 2))) as u32;
        }
        limbs
    }

    fn from_limbs(limbs: &[u32; LIMBS]) -> U256 {
        let mut result = U256::ZERO;
        for i in 0..LIMBS {
            result.0[i / 2] |= (limbs[i] as u64) << (32 * (i % 2));
        }
        result
    }
}

fn count(limbs: &[u32; LIMBS]) -> usize {
    let mut count = LIMBS;
    while count > 0 && limbs[count - 1] == 0 {
        count -= 1;
    }
    count
}

/// Low 256 bits of a product; whether there were more.
#[inline(never)]
fn multiply(left: U256, right: U256) -> (U256, bool) {
    let (a, b) = (left.limbs(), right.limbs());
    let (a_count, b_count) = (count(&a), count(&b));
    let mut result = [0u32; LIMBS];
    let mut is_over = a_count + b_count > LIMBS + 1;
    for i in 0..a_count {
        let mut carry = 0u64;
        let end = (i + b_count).min(LIMBS);
        for at in i..end {
            let sum = a[i] as u64 * b[at - i] as u64 + result[at] as u64 + carry;
            result[at] = sum as u32;
            carry = sum >> 32;
        }
        if end < LIMBS {
            result[end] = carry as u32;
        } else if carry != 0 {
            is_over = true;
        }
    }
    (U256::from_limbs(&result), is_over)
}

/// Limbs shifted to the left, with what leaves them.
fn shift_left(from: &[u32], to: &mut [u32], shift: u32) -> u32 {
    let mut carry = 0u64;
    for (limb, place) in from.iter().zip(to.iter_mut()) {
        carry |= (*limb as u64) << shift;
        *place = carry as u32;
        carry >>= 32;
    }
    carry as u32
}

/// Takes `factor` times the divisor from the dividend; whether it was too much.
fn subtract_product(u: &mut [u32], v: &[u32], factor: u64) -> bool {
    let mut borrow = 0u64;
    for (limb, by) in u.iter_mut().zip(v) {
        let product = factor * *by as u64 + borrow;
        let difference = (*limb as u64).wrapping_sub(product & 0xffff_ffff);
        *limb = difference as u32;
        borrow = (product >> 32) + (difference >> 63);
    }
    let top = (u[v.len()] as u64).wrapping_sub(borrow);
    u[v.len()] = top as u32;
    top >> 63 != 0
}

/// Algorithm D of Knuth, The Art of Computer Programming, volume 2, section 4.3.1.
#[inline(never)]
fn divide(dividend: U256, by: U256) -> (U256, U256) {
    let (a, b) = (dividend.limbs(), by.limbs());
    let (m, n) = (count(&a), count(&b));
    if n == 0 {
        panic(PANIC_DIVISION);
    }
    if m < n {
        return (U256::ZERO, dividend);
    }
    let mut quotient = [0u32; LIMBS];
    let mut remainder = [0u32; LIMBS];
    if n == 1 {
        let mut rest = 0u64;
        for i in (0..m).rev() {
            let wide = (rest << 32) | a[i] as u64;
            quotient[i] = (wide / b[0] as u64) as u32;
            rest = wide % b[0] as u64;
        }
        return (U256::from_limbs(&quotient), U256::from(rest));
    }
    let mut u = [0u32; LIMBS + 1];
    let mut v = [0u32; LIMBS];
    let shift = b[n - 1].leading_zeros();
    shift_left(&b[..n], &mut v, shift);
    u[m] = shift_left(&a[..m], &mut u, shift);
    let (high, next) = (v[n - 1] as u64, v[n - 2] as u64);
    for j in (0..=m - n).rev() {
        let wide = ((u[j + n] as u64) << 32) | u[j + n - 1] as u64;
        let mut digit = wide / high;
        let mut rest = wide % high;
        while digit >> 32 != 0 || digit * next > ((rest << 32) | u[j + n - 2] as u64) {
            digit -= 1;
            rest += high;
            if rest >> 32 != 0 {
                break;
            }
        }
        if subtract_product(&mut u[j..], &v[..n], digit) {
            digit -= 1;
            let mut sum = 0u64;
            for i in 0..n {
                sum += u[j + i] as u64 + v[i] as u64;
                u[j + i] = sum as u32;
                sum >>= 32;
            }
            u[j + n] = u[j + n].wrapping_add(sum as u32);
        }
        quotient[j] = digit as u32;
    }
    for i in 0..n {
        remainder[i] = ((((u[i + 1] as u64) << 32) | u[i] as u64) >> shift) as u32;
    }
    (U256::from_limbs(&quotient), U256::from_limbs(&remainder))
}

impl From<u64> for U256 {
    fn from(value: u64) -> U256 {
        U256([value, 0, 0, 0])
    }
}

impl Ord for U256 {
    fn cmp(&self, other: &U256) -> Ordering {
        let mut i = 3;
        while i > 0 && self.0[i] == other.0[i] {
            i -= 1;
        }
        self.0[i].cmp(&other.0[i])
    }
}

impl PartialOrd for U256 {
    fn partial_cmp(&self, other: &U256) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for U256 {
    type Output = U256;
    fn add(self, other: U256) -> U256 {
        let sum = self.wrapping_add(other);
        if sum < self {
            panic(PANIC_OVERFLOW);
        }
        sum
    }
}

impl Sub for U256 {
    type Output = U256;
    fn sub(self, other: U256) -> U256 {
        if self < other {
            panic(PANIC_OVERFLOW);
        }
        self.wrapping_sub(other)
    }
}

impl Mul for U256 {
    type Output = U256;
    fn mul(self, other: U256) -> U256 {
        match multiply(self, other) {
            (product, false) => product,
            _ => panic(PANIC_OVERFLOW),
        }
    }
}

impl Div for U256 {
    type Output = U256;
    fn div(self, other: U256) -> U256 {
        divide(self, other).0
    }
}

impl Rem for U256 {
    type Output = U256;
    fn rem(self, other: U256) -> U256 {
        divide(self, other).1
    }
}

impl AddAssign for U256 {
    fn add_assign(&mut self, other: U256) {
        *self = *self + other;
    }
}

impl SubAssign for U256 {
    fn sub_assign(&mut self, other: U256) {
        *self = *self - other;
    }
}

// --- Words of the ABI: 32 bytes, the highest first; what does not fit the type is rejected. ---

pub type Word = [u8; 32];

/// A type that takes one word.
pub trait InWord: Copy {
    fn read(word: &Word) -> Self;
    fn write(self, word: &mut Word);
}

fn part(word: &Word, at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&word[at..at + 8]);
    u64::from_be_bytes(bytes)
}

impl InWord for U256 {
    #[inline(never)]
    fn read(word: &Word) -> U256 {
        U256([part(word, 24), part(word, 16), part(word, 8), part(word, 0)])
    }
    #[inline(never)]
    fn write(self, word: &mut Word) {
        for i in 0..4 {
            word[24 - 8 * i..32 - 8 * i].copy_from_slice(&self.0[i].to_be_bytes());
        }
    }
}

impl InWord for Address {
    fn read(word: &Word) -> Address {
        let mut address = Address::ZERO;
        if word[..12] != [0; 12] {
            reject();
        }
        address.0.copy_from_slice(&word[12..]);
        address
    }
    fn write(self, word: &mut Word) {
        word[..12].fill(0);
        word[12..].copy_from_slice(&self.0);
    }
}

impl InWord for Bytes32 {
    fn read(word: &Word) -> Bytes32 {
        Bytes32(*word)
    }
    fn write(self, word: &mut Word) {
        *word = self.0;
    }
}

/// The low 64 bits; the others have to repeat the sign.
#[inline(never)]
fn read_integer(word: &Word, is_signed: bool) -> u64 {
    let value = part(word, 24);
    let fill = if is_signed && (value as i64) < 0 { u64::MAX } else { 0 };
    if part(word, 0) != fill || part(word, 8) != fill || part(word, 16) != fill {
        reject();
    }
    value
}

#[inline(never)]
fn write_integer(word: &mut Word, value: u64, is_negative: bool) {
    word.fill(if is_negative { 0xff } else { 0 });
    word[24..].copy_from_slice(&value.to_be_bytes());
}

macro_rules! integers {
    ($($name:ident $wide:ident $signed:literal)*) => {$(
        impl InWord for $name {
            fn read(word: &Word) -> $name {
                let wide = read_integer(word, $signed) as $wide;
                if wide as $name as $wide != wide {
                    reject();
                }
                wide as $name
            }
            #[allow(unused_comparisons)]
            fn write(self, word: &mut Word) {
                write_integer(word, self as $wide as u64, self < 0);
            }
        }
    )*};
}

integers! {
    u8 u64 false u16 u64 false u32 u64 false u64 u64 false
    i8 i64 true i16 i64 true i32 i64 true i64 i64 true
}

impl InWord for bool {
    fn read(word: &Word) -> bool {
        match read_integer(word, false) {
            0 => false,
            1 => true,
            _ => reject(),
        }
    }
    fn write(self, word: &mut Word) {
        write_integer(word, self as u64, false);
    }
}

// --- Lists of values ---

/// Reads values one after the other; offsets count from the start.
pub struct Reader {
    data: &'static [u8],
    at: usize,
}

impl Reader {
    pub fn new(data: &'static [u8]) -> Reader {
        Reader { data, at: 0 }
    }

    fn word(&mut self) -> &'static Word {
        let at = self.at;
        self.at = at + 32;
        word_at(self.data, at as u64)
    }

    pub fn next<T: Abi>(&mut self) -> T {
        T::next(self)
    }

    /// What the next offset leads to; its own offsets count from there.
    #[inline(never)]
    pub fn follow(&mut self) -> Reader {
        let offset = u64::read(self.word());
        if offset > self.data.len() as u64 {
            reject();
        }
        let data = &self.data[offset as usize..];
        word_at(data, 0);
        Reader::new(data)
    }

    /// The same for a list: its length, and its items, each of which takes so many bytes at least.
    #[inline(never)]
    fn follow_list(&mut self, item_bytes: usize) -> (usize, Reader) {
        let mut part = self.follow();
        let length = u64::read(part.word());
        let data = &part.data[32..];
        if length > (data.len() / item_bytes) as u64 {
            reject();
        }
        (length as usize, Reader::new(data))
    }
}

#[inline(never)]
fn word_at(data: &'static [u8], at: u64) -> &'static Word {
    if at > data.len() as u64 || data.len() as u64 - at < 32 {
        reject();
    }
    unsafe { &*(data.as_ptr().add(at as usize) as *const Word) }
}

/// Writes values one after the other, behind a selector where there is one.
pub struct Writer {
    data: &'static mut [u8],
    prefix: usize,
    head: usize,
    size: usize,
}

impl Writer {
    /// @param selector as it lies in memory, for calls and errors
    pub fn new(selector: u32, count: usize) -> Writer {
        let writer = Writer::with_prefix(4, count);
        writer.data[..4].copy_from_slice(&selector.to_le_bytes());
        writer
    }

    pub fn plain(count: usize) -> Writer {
        Writer::with_prefix(0, count)
    }

    #[inline(never)]
    fn with_prefix(prefix: usize, count: usize) -> Writer {
        let size = prefix + 32 * count;
        Writer { data: allocate(size + 256), prefix, head: prefix, size }
    }

    pub fn data(&self) -> &[u8] {
        &self.data[..self.size]
    }

    pub fn put<T: Abi>(&mut self, value: T) {
        value.put(self)
    }

    fn word(&mut self) -> &mut Word {
        let at = self.head;
        self.head += 32;
        unsafe { &mut *(self.data.as_mut_ptr().add(at) as *mut Word) }
    }

    /// A writer of the items of a list, behind its length.
    fn list(length: usize, item_bytes: usize) -> Writer {
        let size = 32 + length * item_bytes;
        let mut writer = Writer { data: allocate(size + 256), prefix: 32, head: 0, size };
        (length as u64).write(writer.word());
        writer
    }

    /// Room at the end for a value whose offset is the next word.
    #[inline(never)]
    fn offset(&mut self, size: usize) -> &mut [u8] {
        let start = self.size;
        ((start - self.prefix) as u64).write(self.word());
        self.size = start + size;
        if self.size > self.data.len() {
            let larger = allocate(2 * self.size);
            larger[..start].copy_from_slice(&self.data[..start]);
            self.data = larger;
        }
        &mut self.data[start..start + size]
    }

    /// The same for what another writer has.
    pub fn tail(&mut self, part: &Writer) {
        self.offset(part.size).copy_from_slice(part.data());
    }

    #[inline(never)]
    fn bytes(&mut self, value: &[u8]) {
        let room = self.offset(32 + (value.len() + 31) / 32 * 32);
        room[24..32].copy_from_slice(&(value.len() as u64).to_be_bytes());
        room[32..32 + value.len()].copy_from_slice(value);
    }
}

/// A type of the ABI.
pub trait Abi: Copy {
    /// Bytes that a value takes among others, without what an offset leads to.
    const HEAD: usize = 32;
    /// Whether an offset stands in the place of the value.
    const IS_DYNAMIC: bool;
    fn next(reader: &mut Reader) -> Self;
    fn put(self, writer: &mut Writer);
}

/// An indexed value of an event: itself, or for a value of any length its hash.
pub trait Topic {
    fn topic(self) -> Word;
}

impl<T: InWord> Abi for T {
    const IS_DYNAMIC: bool = false;
    fn next(reader: &mut Reader) -> T {
        T::read(reader.word())
    }
    fn put(self, writer: &mut Writer) {
        self.write(writer.word());
    }
}

impl<T: InWord> Topic for T {
    fn topic(self) -> Word {
        let mut word = [0; 32];
        self.write(&mut word);
        word
    }
}

impl Abi for &'static [u8] {
    const IS_DYNAMIC: bool = true;
    fn next(reader: &mut Reader) -> &'static [u8] {
        let (length, content) = reader.follow_list(1);
        &content.data[..length]
    }
    fn put(self, writer: &mut Writer) {
        writer.bytes(self);
    }
}

impl Topic for &'static [u8] {
    fn topic(self) -> Word {
        keccak256(self).0
    }
}

impl Abi for &'static str {
    const IS_DYNAMIC: bool = true;
    fn next(reader: &mut Reader) -> &'static str {
        match core::str::from_utf8(reader.next()) {
            Ok(text) => text,
            Err(_) => reject(),
        }
    }
    fn put(self, writer: &mut Writer) {
        writer.bytes(self.as_bytes());
    }
}

impl Topic for &'static str {
    fn topic(self) -> Word {
        self.as_bytes().topic()
    }
}

/// An array of so many items: `T[N]`.
impl<T: Abi, const N: usize> Abi for [T; N] {
    const HEAD: usize = if T::IS_DYNAMIC { 32 } else { N * T::HEAD };
    const IS_DYNAMIC: bool = T::IS_DYNAMIC;
    fn next(reader: &mut Reader) -> [T; N] {
        if !T::IS_DYNAMIC {
            return core::array::from_fn(|_| reader.next());
        }
        let mut part = reader.follow();
        core::array::from_fn(|_| part.next())
    }
    fn put(self, writer: &mut Writer) {
        if !T::IS_DYNAMIC {
            return self.iter().for_each(|each| writer.put(*each));
        }
        let mut part = Writer::plain(N);
        self.iter().for_each(|each| part.put(*each));
        writer.tail(&part);
    }
}

/// An array of any length: `T[]`. It is read as a slice, and made of an iterator by `collect()`.
#[derive(Clone, Copy)]
pub struct Array<T: 'static>(pub &'static [T]);

impl<T> core::ops::Deref for Array<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0
    }
}

impl<T: Copy> core::iter::FromIterator<T> for Array<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Array<T> {
        let items = items.into_iter();
        let mut capacity = items.size_hint().0;
        let mut data = allocate_items::<T>(capacity);
        let mut length = 0;
        for item in items {
            unsafe {
                if length == capacity {
                    capacity = 2 * capacity + 4;
                    let larger = allocate_items::<T>(capacity);
                    core::ptr::copy_nonoverlapping(data, larger, length);
                    data = larger;
                }
                data.add(length).write(item);
            }
            length += 1;
        }
        Array(unsafe { core::slice::from_raw_parts(data, length) })
    }
}

fn allocate_items<T>(count: usize) -> *mut T {
    match count.checked_mul(core::mem::size_of::<T>()) {
        Some(size) => allocate(size).as_mut_ptr() as *mut T,
        None => core::arch::wasm32::unreachable(),
    }
}

impl<T: Abi> Abi for Array<T> {
    const IS_DYNAMIC: bool = true;
    fn next(reader: &mut Reader) -> Array<T> {
        let (length, mut items) = reader.follow_list(T::HEAD);
        (0..length).map(|_| items.next()).collect()
    }
    fn put(self, writer: &mut Writer) {
        let mut items = Writer::list(self.len(), T::HEAD);
        self.iter().for_each(|each| items.put(*each));
        writer.tail(&items);
    }
}

// --- State variables. A value takes a slot of its own; nothing is packed. ---

const fn slot_at(index: u16) -> Word {
    let mut slot = [0; 32];
    slot[30] = (index >> 8) as u8;
    slot[31] = index as u8;
    slot
}

/// One value of a type that takes a word.
pub struct Value<T> {
    slot: Word,
    of: PhantomData<T>,
}

impl<T: InWord> Value<T> {
    pub const fn new(index: u16) -> Value<T> {
        Value { slot: slot_at(index), of: PhantomData }
    }

    pub fn get(&self) -> T {
        let mut word = [0; 32];
        unsafe { host::storageLoad(self.slot.as_ptr(), word.as_mut_ptr()) };
        T::read(&word)
    }

    pub fn set(&self, value: T) {
        let mut word = [0; 32];
        value.write(&mut word);
        unsafe { host::storageStore(self.slot.as_ptr(), word.as_ptr()) };
    }
}

/// What an entry of a mapping is: a value, or another mapping.
pub trait Entry {
    type Handle;
    fn handle(slot: Word) -> Self::Handle;
}

impl<T: InWord> Entry for T {
    type Handle = Value<T>;
    fn handle(slot: Word) -> Value<T> {
        Value { slot, of: PhantomData }
    }
}

impl<K, V> Entry for Mapping<K, V> {
    type Handle = Mapping<K, V>;
    fn handle(slot: Word) -> Mapping<K, V> {
        Mapping { slot, of: PhantomData }
    }
}

/// A key of a mapping: `keccak256(key . slot)` is the entry's slot (Solidity, Layout of State
/// Variables in Storage).
pub trait Key {
    fn entry(self, slot: &Word) -> Word;
}

impl<T: InWord> Key for T {
    fn entry(self, slot: &Word) -> Word {
        let mut data = [[0; 32], *slot];
        self.write(&mut data[0]);
        let mut result = [0; 32];
        unsafe { host::keccak256(data.as_ptr() as *const u8, 64, result.as_mut_ptr()) };
        result
    }
}

impl Key for &'static [u8] {
    fn entry(self, slot: &Word) -> Word {
        let data = allocate(self.len() + 32);
        data[..self.len()].copy_from_slice(self);
        data[self.len()..].copy_from_slice(slot);
        keccak256(data).0
    }
}

impl Key for &'static str {
    fn entry(self, slot: &Word) -> Word {
        self.as_bytes().entry(slot)
    }
}

/// Values by key. An entry that was never set is zero.
pub struct Mapping<K, V> {
    slot: Word,
    of: PhantomData<(K, V)>,
}

impl<K, V> Mapping<K, V> {
    pub const fn new(index: u16) -> Mapping<K, V> {
        Mapping { slot: slot_at(index), of: PhantomData }
    }
}

impl<K: Key, V: Entry> Mapping<K, V> {
    pub fn at(&self, key: K) -> V::Handle {
        V::handle(key.entry(&self.slot))
    }
}

// --- What contracts ask for ---

fn word_of(read: unsafe extern "C" fn(*mut u8)) -> Word {
    let mut word = [0; 32];
    unsafe { read(word.as_mut_ptr()) };
    word
}

fn address_of(read: unsafe extern "C" fn(*mut u8)) -> Address {
    let mut address = Address::ZERO;
    unsafe { read(address.0.as_mut_ptr()) };
    address
}

/// The call.
pub mod msg {
    use super::*;

    /// Who calls: an account or a contract.
    pub fn sender() -> Address {
        address_of(host::getCaller)
    }

    /// Wei that came with the call.
    pub fn value() -> U256 {
        U256::read(&word_of(host::getCallValue))
    }
}

/// The transaction.
pub mod tx {
    use super::*;

    pub fn origin() -> Address {
        address_of(host::getTxOrigin)
    }
}

/// The block.
pub mod block {
    use super::*;

    pub fn number() -> u64 {
        unsafe { host::getBlockNumber() as u64 }
    }

    /// Seconds since 1970.
    pub fn timestamp() -> u64 {
        unsafe { host::getBlockTimestamp() as u64 }
    }
}

/// The contract's own address.
pub fn this() -> Address {
    address_of(host::getAddress)
}

/// Wei that an account has.
pub fn balance_of(account: Address) -> U256 {
    let mut word = [0; 32];
    unsafe { host::getExternalBalance(account.0.as_ptr(), word.as_mut_ptr()) };
    U256::read(&word)
}

/// keccak-256 of bytes.
pub fn keccak256(data: &[u8]) -> Bytes32 {
    let mut result = [0; 32];
    unsafe { host::keccak256(data.as_ptr(), data.len() as i32, result.as_mut_ptr()) };
    Bytes32(result)
}

// --- What the written code is made of ---

/// A copy of the call data.
pub fn call_data() -> &'static [u8] {
    unsafe {
        let size = host::getCallDataSize();
        let data = allocate(size as usize);
        host::callDataCopy(data.as_mut_ptr(), 0, size);
        data
    }
}

/// The first four bytes, as a number that lies in memory as they do.
pub fn selector(data: &[u8]) -> u32 {
    u32::from_le_bytes([data[0], data[1], data[2], data[3]])
}

/// A function that is not payable takes no value.
#[inline(never)]
pub fn refuse_value() {
    if word_of(host::getCallValue) != [0; 32] {
        reject();
    }
}

/// Ends the frame with data.
pub fn finish(data: &[u8]) -> ! {
    unsafe { host::finish(data.as_ptr(), data.len() as i32) }
}

/// Writes a log with up to four topics.
pub fn emit(data: &[u8], topics: &[Word]) {
    let topic = |at: usize| topics.get(at).map_or(core::ptr::null(), |each| each.as_ptr());
    unsafe {
        host::emitLogEvent(
            data.as_ptr(),
            data.len() as i32,
            topics.len() as i32,
            topic(0),
            topic(1),
            topic(2),
            topic(3),
        )
    }
}

/// Calls another contract; what it reverts with, this frame reverts with too.
#[inline(never)]
pub fn call_contract(to: Address, data: &[u8], is_static: bool, output_count: usize) -> Reader {
    unsafe {
        let (at, gas, length) = (to.0.as_ptr(), host::getGasLeft(), data.len() as i32);
        let failed = if is_static {
            host::callStatic(gas, at, data.as_ptr(), length)
        } else {
            host::callContract(gas, at, [0; 32].as_ptr(), data.as_ptr(), length)
        };
        let size = host::getReturnDataSize();
        let output = allocate(size as usize);
        host::returnDataCopy(output.as_mut_ptr(), 0, size);
        if failed != 0 {
            revert_data(output);
        }
        // An account without code accepts every call; a result would be missing anyway.
        if output_count == 0 && host::getExternalCodeSize(at) == 0 {
            reject();
        }
        Reader::new(output)
    }
}
