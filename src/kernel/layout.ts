/**
 * The kernel's linear memory, shared by the AssemblyScript kernel and the TypeScript around it.
 *
 * Only numeric `export const`s stand here: both compilers read this one file. All addresses and
 * sizes are bytes. Areas are reserved, not touched: a page costs memory when it is first written.
 *
 *   STATIC    constants of the compiler, tables of the kernel
 *   MACHINE   counters and pointers of the machine, the gas schedule, the environment words
 *   MEMO      keccak preimage memo
 *   FRAMES    one record per call depth
 *   CALLEES   accounts whose code the kernel calls by itself, and which host functions call
 *   WINDOW    registers of all frames, callee above caller
 *   CONTROL   calls of dMIR functions: return address and caller's window pointer of each
 *   CODE      bytecode, jump tables
 *   JOURNAL   cells, undo log, logs
 *   RETURN    return data of the last call
 *   INPUT     input of the outermost frame
 *   EFFECTS   what the latest transactions left
 *   HEAP      memories of the frames, callee above caller; grows to the end
 */

export const PAGE_BYTES = 65536;

// Areas
export const MACHINE_BASE = 0x0002_0000;
export const SCHEDULE_BASE = 0x0002_1000;
export const ENV_BASE = 0x0002_2000;
export const SCRATCH_BASE = 0x0002_3000;
/** A word that nobody writes: zero. */
export const ZERO_WORD = 0x0002_3fe0;
/** Scratch that only compiled code uses; aligned to 32 bytes. */
export const RT_SCRATCH_BASE = 0x0002_4000;
/** Words for results of functions that compiled code calls: one for each such call of a region. */
export const RT_SPILL_BASE = 0x0002_8000;
export const RT_SPILL_COUNT = 1024;
/** A byte for each granule of a memory of closed functions: whether it, or the next, is written. */
export const WRITTEN_BASE = 0x0003_0000;
/** A granule has 1 KiB, and such a memory 16 MiB at most. */
export const GRANULE_SHIFT = 10;
export const WRITTEN_BYTES = 0x4010;
export const MEMO_BASE = 0x0004_0000;
export const FRAMES_BASE = 0x0024_0000;
/** Accounts that the kernel may call by itself: an entry's place is the owner, less high bits. */
export const CALLEES_BASE = 0x0038_0000;
export const CALLEE_COUNT = 0x400;
/** What host functions are to the kernel, by number: see CALL_*. */
export const HOST_CALLS_BASE = 0x003f_0000;
export const WINDOW_BASE = 0x0040_0000;
export const WINDOW_END = 0x0270_0000;
/** Window that a frame may use: 1,024 words. */
export const WINDOW_BYTES = 0x8000;
export const CONTROL_BASE = 0x0270_0000;
export const CODE_BASE = 0x0300_0000;
export const CODE_END = 0x0800_0000;
export const JOURNAL_BASE = 0x0800_0000;
export const JOURNAL_END = 0x2900_0000;
/** Return data of the last call; one buffer serves all depths, since a call replaces it. */
export const RETURN_BASE = 0x2900_0000;
export const RETURN_END = 0x2d00_0000;
/** Input of the outermost frame. */
export const INPUT_BASE = 0x2d00_0000;
export const INPUT_END = 0x2df0_0000;
/** Outputs, logs and writes of the latest transactions, until TypeScript takes them over. */
export const EFFECTS_BASE = 0x2df0_0000;
export const EFFECTS_BYTES = 0x8000;
export const HEAP_BASE = 0x2e00_0000;
/** Pages that the kernel's memory has at start: all below the heap, and one mebibyte of it. */
export const INITIAL_PAGES = 0x2e10;

// Fields of the machine block, from MACHINE_BASE
export const M_STEPS = 0; // u64: dMIR operations executed, counted at block entry
export const M_REFUND = 8; // i64: gas refund counter of the transaction
export const M_TX = 16; // u32: generation of the transaction, for cell warmth and originals
export const M_UNDO_TOP = 20; // u32: end of the undo log
export const M_LOG_TOP = 24; // u32: end of the logs
export const M_LOG_COUNT = 28; // u32
export const M_CELL_TOP = 32; // u32: end of the cell entries
export const M_CELL_COUNT = 36; // u32
export const M_OWNER_MASK = 40; // u32: slots of the hash index over the owners, less one
export const M_INDEX_MASK = 44; // u32: slots of the hash index over the cells, less one
export const M_OWNER_COUNT = 48; // u32
export const M_STEP_LIMIT = 56; // u64: the run yields at the first block entry at or after it
export const M_TOUCHED_TOP = 64; // u32: end of the list of cells touched in the transaction
export const M_HEAP_USED = 72; // u32: heap bytes above this address were never written
export const M_ENTRY = 80; // one bytecode word, with which a run enters its first block
export const M_HEAP_LIMIT = 68; // u32: highest heap address that a frame's memory may reach
export const M_JOURNAL_STATUS = 96; // u32: JOURNAL_OK, or the range that was full
export const M_HASH_SEED = 104; // u64: mixed into the hashes of cells; no outcome depends on it
export const M_YIELD = 112; // u64: steps at which the run yields, for loops of compiled code
export const M_UNWIND = 120; // u32: end of the records of compiled functions that are being left
export const M_CALLEE = 124; // u32: place of the function that compiled code calls by the table
export const M_UNWIND_GAS = 128; // u64: gas at the innermost of them
export const M_GAS_KEPT = 136; // u64: gas of the frame that compiled functions were not given
export const M_LEFT = 144; // u32: status that compiled functions were left with
export const M_FRAME = 148; // u32: frame of the compiled functions that run
export const M_CURRENT = 152; // u32: frame that runs, or ran last
export const M_CALLS = 156; // u32: whether the kernel may answer host functions by itself
export const M_ACCOUNT_WARM = 160; // u64: cost of an access to an account that is warm

// Frame records
export const FRAME_BYTES = 1024;
export const F_PC = 0; // u32: block header to enter, or (bit 0 set) word to go on at
export const F_SP = 4; // u32: window pointer: address just above the top slot
export const F_WINDOW_BASE = 8; // u32: bottom of the frame's window
export const F_WINDOW_LIMIT = 12; // u32: the pointer may not pass it
export const F_GAS = 16; // u64
export const F_JUMPS = 24; // u32: jump table, see jump-table.ts
export const F_JUMPS_MASK = 28; // u32: places of the jump table, less one
export const F_FLAGS = 32; // u32: see FLAG_*
export const F_OWNER = 36; // u32: owner index of the cells that the frame addresses
export const F_OUT_BASE = 40; // u32: output of a finished frame
export const F_OUT_LENGTH = 44; // u32
export const F_DETAIL = 48; // u32: host function, missing source pc, trap kind, by status
export const F_DETAIL2 = 52; // u32
export const F_CONTROL = 56; // u32: top of the frame's stack of dMIR calls
export const F_CALL_DEPTH = 60; // u32: dMIR calls on it
export const F_SAVED_PC = 64; // u32: bytecode address of the operation that stalled or trapped
export const F_HEAP_TOP = 68; // u32: first heap byte that belongs to no memory of this frame
export const F_CONSTANTS = 72; // u32: constants of the block in which the frame stalled
export const F_PROGRAM = 76; // u32: record of its program, see P_*; 0 where there is none
export const F_CHECKPOINT = 80; // 12 bytes: the journal's mark at entry
export const F_REGIONS = 96; // 8 region descriptors
export const REGION_COUNT_MAX = 8;
export const REGION_BYTES = 16;
export const R_BASE = 0; // u32
export const R_LENGTH = 4; // u32
export const R_MAX = 8; // u32
export const R_FLAGS = 12; // u32: see REGION_*
export const F_FUNCTIONS = 224; // u32: function table, see FUNCTION_BYTES
export const F_FUNCTION_COUNT = 228; // u32
export const F_CALL_LIMIT = 232; // u32: the window pointer of a called function may not pass it
export const F_WORDS = 256; // 32-byte words that a VM reads as the region `frame`, little-endian
export const F_WORD_COUNT = 24;
/** Bytes of the region `env`. */
export const ENV_BYTES = 320;
// The first of them, which `enterFrame` sets: whose frame it is, who called, with what value; bytes
// of the input, of the code, and of the last return data
export const W_SELF = 0;
export const W_CALLER = 1;
export const W_VALUE = 2;
export const W_INPUT_LENGTH = 3;
export const W_CODE_LENGTH = 4;
export const W_RETURN_LENGTH = 5;

/** dMIR calls of a frame that may be open at once. */
export const CALL_DEPTH_MAX = 1024;
/** A record of the control stack: address of the block to go on with, window pointer. */
export const CONTROL_BYTES = 8;
/** Records of compiled functions that are being left begin so far above the window pointer. */
export const RECORDS_OFFSET = 0x2000;
// The plan of frames of closed functions: a header of u32, then rows of u32 for regions (number,
// offset in the frame's heap, length, most, flags) and images (region, offset, length, address)
export const PLAN_BYTES = 0; // of heap
export const PLAN_REGIONS = 4; // how many
export const PLAN_IMAGES = 8;
export const PLAN_HEADER_BYTES = 12;
export const PLAN_REGION_BYTES = 20;
export const PLAN_IMAGE_BYTES = 16;

/** An entry of a function table: address of the first block, number of the signature (0: none). */
export const FUNCTION_BYTES = 8;

export const FLAG_STATIC = 1;
/** The frame runs closed functions. */
export const FLAG_CLOSED = 2;
/** The kernel began the frame for the one below it, and ends it. */
export const FLAG_CALLED = 4;

// Records of programs, in the code area
export const PROGRAM_BYTES = 64;
export const P_HASH = 0; // 32 bytes: of the code, little-endian; set when an account is learnt
export const P_ENTRY = 32; // u32: header of the first block
export const P_JUMPS = 36; // u32: as F_JUMPS
export const P_JUMPS_MASK = 40; // u32
export const P_CODE = 44; // u32: address of the code's bytes
export const P_CODE_LENGTH = 48; // u32
export const P_CALLS_LEFT = 52; // u32: calls that the kernel may make before the next is told
export const P_STEPS = 56; // u32: dMIR operations that frames of it ran, until somebody takes them

// Entries of the table of callees, whose cells stay where they are until all are forgotten
export const CALLEE_BYTES = 16;
export const A_OWNER = 0; // u32; 0: none
export const A_BALANCE = 4; // u32: the cell that carries the account's warmth
export const A_CODE_HASH = 8; // u32: cell
export const A_PROGRAM = 12; // u32: record of the program of its code

// What a host function is to the kernel; 0: nothing
export const HOST_CALL_COUNT = 64;
export const CALL_OPERANDS = 15; // bits: how many operands it has
export const CALL_INPUT_SHIFT = 4; // the operand that begins the input's range, the output's behind
export const CALL_INPUT_BITS = 15; // from 3 on, operand 2 is the value that the call moves
export const CALL_ON_SELF = 256; // the callee's code runs on the caller's account
export const CALL_AS_CALLER = 512; // with the caller's own caller and value
export const CALL_STATIC = 1024;
export const CALL_CODE_SIZE = 2048; // no call: it gives the length of the account's code

export const REGION_WRITABLE = 1;
export const REGION_BOUNDS_TRAP = 0;
export const REGION_BOUNDS_ZERO = 2;
export const REGION_BOUNDS_CHARGE = 4;

// Statuses with which the interpreter loop returns to the trampoline
export const STATUS_YIELD = 0; // fuel or step limit reached at a block entry
export const STATUS_FINISH = 1; // output in F_OUT_*
export const STATUS_REVERT = 2; // output in F_OUT_*
export const STATUS_TRAP = 3; // F_DETAIL: trap kind
export const STATUS_SUSPEND = 4; // F_DETAIL: host function; its operands are the top of the window
export const STATUS_LOWER = 5; // F_DETAIL: source pc of the block to lower
export const STATUS_MISSING = 6; // F_DETAIL: cell space, F_DETAIL2: address of the key
export const STATUS_RETURN = 7; // a closed function returned outside; results at the window
/** Of compiled code to the loop only: the frame is saved, go on at the block at F_PC. */
export const STATUS_CONTINUE = 8;
export const STATUS_ARRIVE = 9; // F_DETAIL: source pc to which a dispatch came first
/** Compiled functions were left: records stand behind F_SP up to M_UNWIND, innermost first. */
export const STATUS_UNWIND = 10;

// Block headers in the bytecode, before the block's constants and words
export const HEADER_BYTES = 16;
export const H_GAS = 0; // u32
export const H_STEPS = 4; // u32: dMIR operations of the block
export const H_NEED = 8; // u16: bytes of window that the block reads below its entry
export const H_GROW = 10; // u16: bytes of window that it may leave above its entry
export const H_CONSTANTS = 12; // u32: offset of the constants, which stand behind the words

// Cells
export const CELL_BYTES = 128;
export const C_KEY = 0; // 32 bytes, little-endian limbs
export const C_VALUE = 32;
export const C_ORIGINAL = 64; // value at the start of the transaction C_TX
export const C_OWNER = 96; // u32
export const C_SPACE = 100; // u32
export const C_TX = 104; // u32: transaction for which C_ORIGINAL and the CELL_* flags hold
export const C_FLAGS = 108; // u32
export const C_HASH = 112; // u32
export const CELL_WARM = 1; // cleared by C_TX
export const CELL_READ = 2; // cleared by C_TX
export const CELL_WRITTEN = 4; // cleared by C_TX
export const CELL_DIRTY = 8; // differs from the backend
export const CELL_EXISTS = 16; // holds a value (for insert_once, consume, delete)

// Cell spaces; the room `state` names the same numbers
export const SPACE_SLOT = 0;
/** Cells of spaces 1, 6 and 7 are zero at the start of every transaction, never in the backend. */
export const SPACE_TRANSIENT = 1;
export const SPACE_BALANCE = 2;
export const SPACE_NONCE = 3;
export const SPACE_CODE_HASH = 4;
export const SPACE_CODE = 5;
export const SPACE_CREATED = 6; // mark: the account was created in this transaction
export const SPACE_DESTROYED = 7; // mark: the account is destroyed at the end of this transaction
export const SPACE_EXISTS = 8; // mark: the account exists although it is empty

// Ranges of the journal, in order; the last one ends at JOURNAL_END
export const OWNERS_BASE = 0x0800_0000;
export const OWNER_COUNT_MAX = 0x4_0000;
// A slot of an index is a u32: the number of the entry, and a part of its hash beside it.
export const OWNER_INDEX_BASE = 0x0880_0000; // at most twice as many slots as owners
export const CELL_INDEX_BASE = 0x08a0_0000; // at most twice as many slots as cells
export const TOUCHED_BASE = 0x09a0_0000; // u32 a cell
export const CELLS_BASE = 0x0a20_0000;
export const CELL_COUNT_MAX = 0x20_0000;
export const UNDO_BASE = 0x1a20_0000;
export const LOGS_BASE = 0x2620_0000;

// Values of M_JOURNAL_STATUS
export const JOURNAL_OK = 0;
export const JOURNAL_OWNERS_FULL = 1;
export const JOURNAL_CELLS_FULL = 2;
export const JOURNAL_UNDO_FULL = 3;
export const JOURNAL_LOGS_FULL = 4;
/** Also of M_JOURNAL_STATUS: the device has no more memory for the frames. */
export const DEVICE_FULL = 5;

// Checkpoints: where the undo log and the logs stood
export const CHECKPOINT_BYTES = 12;
export const K_UNDO_TOP = 0; // u32
export const K_LOG_TOP = 4; // u32
export const K_LOG_COUNT = 8; // u32

// Undo log
export const UNDO_BYTES = 48;
export const U_CELL = 0; // u32: cell address, 0 for a refund record
export const U_FLAGS = 4; // u32: flags before
export const U_REFUND = 8; // i64: refund counter before
export const U_VALUE = 16; // 32 bytes: value before

// Log records: header, topics, data (padded to 8 bytes)
export const LOG_HEADER_BYTES = 16;
export const L_OWNER = 0; // u32
export const L_TOPIC_COUNT = 4; // u32
export const L_DATA_LENGTH = 8; // u32
export const L_SKIPS = 12; // u32: in effects, limbs left out: 4 bits for each topic, then data
export const L_SKIP_BITS = 4;
export const L_DATA_SKIP = 16; // bit of L_SKIPS

// Owners: 32-byte ids, by index
export const OWNER_BYTES = 32;

// Gas schedule: u64 entries
export const S_MEMORY_LINEAR = 0; // per word
export const S_MEMORY_QUADRATIC = 1; // divisor of the squared word count
export const S_COPY_WORD = 2;
export const S_KECCAK_WORD = 3;
export const S_LOG_BYTE = 4;
export const S_CELL_COLD = 5; // first load of a cell in a transaction
export const S_CELL_WARM = 6;
export const S_STORE_SET = 7; // from an original zero
export const S_STORE_RESET = 8; // from an original non-zero
export const S_STORE_CLEAR_REFUND = 9;
export const S_STORE_SENTRY = 10; // a store needs more gas than this
export const S_STORE_COLD = 11; // added to a store to a cold cell
export const S_STORE_RULE = 12; // 0: by current value; 1: net metering by original value
export const S_TRANSIENT = 13;
export const SCHEDULE_ENTRIES = 64;

// Trap kinds: the places in TRAP_KINDS of the operation table
export const TRAP_OUT_OF_GAS = 1;
export const TRAP_STACK_UNDERFLOW = 2;
export const TRAP_STACK_OVERFLOW = 3;
export const TRAP_BAD_JUMP = 4;
export const TRAP_INVALID_OPCODE = 5;
export const TRAP_OUT_OF_BOUNDS = 6;
export const TRAP_STATIC = 7;
export const TRAP_DIVISION_BY_ZERO = 8;
export const TRAP_INTEGER_OVERFLOW = 9;
export const TRAP_MEMORY_LIMIT = 10;
export const TRAP_CALL_DEPTH = 11;
export const TRAP_BAD_CONVERSION = 12;
export const TRAP_UNREACHABLE = 13;
export const TRAP_CELL_EXISTS = 14;
export const TRAP_CELL_MISSING = 15;
export const TRAP_BAD_FUNCTION = 16;
export const TRAP_USER = 17;

// Effects of a transaction: a header, the output, log records, then records of what was written.
// Words at the start of the output and of a log's data, and topics, are without their high zeros
export const EFFECTS_HEADER_BYTES = 40;
export const E_REFUND = 0; // i64: gas refund counter
export const E_STEPS = 8; // u64: dMIR operations executed
export const E_GAS = 16; // u64: gas left in the outermost frame
export const E_OUTPUT_LENGTH = 24; // u32: bytes of the output
export const E_OUTPUT_SKIP = 28; // u32: limbs of it that are left out; the rest is padded to 8
export const E_LOG_BYTES = 32; // u32
export const E_WRITTEN_BYTES = 36; // u32
// A record of what was written: a header, then key, original and value without their high zeros
export const WRITTEN_HEADER_BYTES = 8;
export const WRITTEN_OWNER = 0; // u32
export const WRITTEN_COUNTS = 4; // u8 each: limbs of key, original and value
export const WRITTEN_BYTES_MAX = 104;
