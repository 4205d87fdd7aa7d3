//! A peer of `npm run bench -- peer`: runs the calls that it is told of on revm's interpreter.
//!
//! What it reads and answers, line by line, is described in `bench/peer.ts`. A call is a transaction
//! without a price, whose gas is that of the outermost frame and what the transaction takes itself.

use std::io::{self, BufRead, Write};

use revm::{
    Context, ExecuteEvm, MainBuilder, MainContext,
    context::{TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::{Address, Bytes, TxKind, U256, hex},
    state::{AccountInfo, Bytecode},
};

/// Gas of a transaction, and the most that a byte of its data takes (EIP-7623).
const TRANSACTION_GAS: u64 = 21_000;
const DATA_GAS: u64 = 40;

/// What was said so far.
#[derive(Default)]
struct World {
    state: CacheDB<EmptyDB>,
    number: u64,
    timestamp: u64,
    calls: Vec<TxEnv>,
}

fn bytes(word: &str) -> Bytes {
    hex::decode(word).expect("hexadecimal bytes").into()
}

fn address(word: &str) -> Address {
    Address::from_slice(&bytes(word))
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().ok().expect("a decimal number in range")
}

impl World {
    /// Takes a line in; false for one that asks for an answer.
    fn tell(&mut self, words: &[&str]) -> bool {
        match *words {
            ["block", height, time] => {
                self.number = number(height);
                self.timestamp = number(time);
            }
            ["account", at, balance, nonce, code] => {
                let code = Bytecode::new_raw(bytes(code));
                let info = AccountInfo::new(number(balance), number(nonce), code.hash_slow(), code);
                self.state.insert_account_info(address(at), info);
            }
            ["slot", at, key, value] => {
                let written = self.state.insert_account_storage(
                    address(at),
                    number::<U256>(key),
                    number::<U256>(value),
                );
                written.expect("the state has no other source");
            }
            ["call", from, to, value, gas, data] => {
                let data = bytes(data);
                let own_gas = TRANSACTION_GAS + DATA_GAS * data.len() as u64;
                self.calls.push(TxEnv {
                    caller: address(from),
                    kind: TxKind::Call(address(to)),
                    value: number(value),
                    gas_limit: number::<u64>(gas).saturating_add(own_gas),
                    data,
                    ..TxEnv::default()
                });
            }
            _ => return false,
        }
        true
    }

    /// Answers the questions; each call begins with the state as it was told.
    fn answer(self, questions: impl Iterator<Item = String>) {
        let World { state, number: height, timestamp, calls } = self;
        let mut evm = Context::mainnet()
            .with_db(state)
            .modify_cfg_chained(|cfg| {
                cfg.disable_nonce_check = true;
                cfg.tx_chain_id_check = false;
                cfg.tx_gas_limit_cap = Some(u64::MAX);
            })
            .modify_block_chained(|block| {
                block.number = U256::from(height);
                block.timestamp = U256::from(timestamp);
                block.gas_limit = u64::MAX;
            })
            .build_mainnet();
        let mut run = |call: &TxEnv| evm.transact(call.clone()).expect("a valid call").result;
        let mut out = io::stdout().lock();
        for line in questions {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["prove"] => {
                    for call in &calls {
                        let result = run(call);
                        let status = match result {
                            ExecutionResult::Success { .. } => "success",
                            ExecutionResult::Revert { .. } => "revert",
                            ExecutionResult::Halt { .. } => "halt",
                        };
                        let output = result.into_output().unwrap_or_default();
                        writeln!(out, "{status} {output}").expect("an open output");
                    }
                }
                ["run", times] => {
                    let start = cpu_ms();
                    for _ in 0..number::<u64>(times) {
                        for call in &calls {
                            std::hint::black_box(run(call));
                        }
                    }
                    writeln!(out, "{}", cpu_ms() - start).expect("an open output");
                }
                _ => panic!("no such line: {line}"),
            }
            out.flush().expect("an open output");
        }
    }
}

/// CPU time of this process.
fn cpu_ms() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes to the record, which lives longer than the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn main() {
    let mut lines = io::stdin().lock().lines().map(|line| line.expect("lines of text"));
    let mut world = World::default();
    for line in lines.by_ref() {
        if !world.tell(&line.split(' ').collect::<Vec<_>>()) {
            world.answer(std::iter::once(line).chain(lines));
            return;
        }
    }
}
