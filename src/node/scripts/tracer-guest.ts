/**
 * What a tracer's script finds in its sandbox: go-ethereum's interface of JavaScript tracers (its
 * documentation, "Custom EVM tracer"). This text runs inside; it gets what it says from `host`.
 *
 * `bigInt` has the names of the package `big-integer`, which go-ethereum has there.
 */
export const TRACER_GUEST: string = String.raw`(function (host) {
  'use strict';
  const own = new Set(Object.getOwnPropertyNames(globalThis));

  // ---- numbers

  const raw = (value) => {
    if (value instanceof Big) return value.value;
    if (typeof value === 'number') return BigInt(Math.trunc(value));
    return BigInt(value);
  };
  class Big {
    constructor(value) { Object.defineProperty(this, 'value', { value }); }
    toString(radix) { return this.value.toString(radix === undefined ? 10 : radix); }
    toJSON() { return this.value.toString(); }
    valueOf() { return Number(this.value); }
    toJSNumber() { return Number(this.value); }
    bitLength() { return new Big(BigInt(abs(this.value).toString(2).length)); }
    divmod(by) {
      const quotient = this.value / raw(by);
      return { quotient: new Big(quotient), remainder: new Big(this.value - quotient * raw(by)) };
    }
    modPow(power, by) {
      let result = 1n, base = this.value, rest = raw(power);
      const modulus = raw(by);
      for (; rest > 0n; rest >>= 1n, base = (base * base) % modulus) {
        if (rest & 1n) result = (result * base) % modulus;
      }
      return new Big(result % modulus);
    }
  }
  const abs = (value) => (value < 0n ? -value : value);
  const sign = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
  const OPERATIONS = {
    'add plus': (a, b) => a + b,
    'subtract minus': (a, b) => a - b,
    'multiply times': (a, b) => a * b,
    'divide over': (a, b) => a / b,
    'mod remainder': (a, b) => a % b,
    pow: (a, b) => a ** b,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shiftLeft: (a, b) => a << b,
    shiftRight: (a, b) => a >> b,
    not: (a) => ~a,
    negate: (a) => -a,
    abs,
    next: (a) => a + 1n,
    prev: (a) => a - 1n,
    square: (a) => a * a,
  };
  const TESTS = {
    'compare compareTo': sign,
    compareAbs: (a, b) => sign(abs(a), abs(b)),
    'equals eq': (a, b) => a === b,
    'notEquals neq': (a, b) => a !== b,
    'greater gt': (a, b) => a > b,
    'greaterOrEquals geq': (a, b) => a >= b,
    'lesser lt': (a, b) => a < b,
    'lesserOrEquals leq': (a, b) => a <= b,
    isDivisibleBy: (a, b) => a % b === 0n,
    isZero: (a) => a === 0n,
    isUnit: (a) => abs(a) === 1n,
    isEven: (a) => (a & 1n) === 0n,
    isOdd: (a) => (a & 1n) === 1n,
    isNegative: (a) => a < 0n,
    isPositive: (a) => a > 0n,
  };
  const define = (rows, wrap) => {
    for (const [names, run] of Object.entries(rows)) {
      const method = run.length === 1
        ? function () { return wrap(run(this.value)); }
        : function (other) { return wrap(run(this.value, raw(other))); };
      for (const name of names.split(' ')) Big.prototype[name] = method;
    }
  };
  define(OPERATIONS, (value) => new Big(value));
  define(TESTS, (value) => value);
  const parse = (text, radix) => {
    let value = 0n;
    const digits = text.replace(/^-/, '').toLowerCase();
    for (const digit of digits) value = value * BigInt(radix) + BigInt(parseInt(digit, radix));
    return text[0] === '-' ? -value : value;
  };
  const bigInt = (value, radix) => {
    if (value === undefined) return new Big(0n);
    const base = radix === undefined ? 10 : Number(radix);
    if (base !== 10) return new Big(parse(String(value), base));
    return new Big(raw(value));
  };
  const pick = (isBetter) => (a, b) => bigInt(isBetter(raw(a), raw(b)) ? a : b);
  const gcd = (a, b) => (b === 0n ? abs(a) : gcd(b, a % b));
  Object.assign(bigInt, {
    zero: new Big(0n),
    one: new Big(1n),
    minusOne: new Big(-1n),
    max: pick((a, b) => a > b),
    min: pick((a, b) => a < b),
    gcd: (a, b) => new Big(gcd(raw(a), raw(b))),
    lcm: (a, b) => new Big(abs(raw(a) * raw(b)) / gcd(raw(a), raw(b))),
    isInstance: (value) => value instanceof Big,
  });

  // ---- bytes

  const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  const fail = (text) => { throw text; };
  const fromHex = (text) => {
    let digits = text.replace(/^0x/i, '');
    if (digits.length % 2 === 1) digits = '0' + digits;
    if (!/^[0-9a-f]*$/i.test(digits)) return new Uint8Array(0);
    const bytes = new Uint8Array(digits.length / 2);
    for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.substr(2 * i, 2), 16);
    return bytes;
  };
  const bytesOf = (value, isTextTaken) => {
    if (value instanceof Uint8Array) return value;
    if (Array.isArray(value)) return Uint8Array.from(value);
    if (isTextTaken && (typeof value === 'string' || value instanceof String)) {
      return fromHex(String(value));
    }
    return fail('invalid buffer type');
  };
  const hex = (bytes) => {
    let text = '0x';
    for (const byte of bytes) text += DIGITS[byte];
    return text;
  };
  /** The last bytes, with zeros in front where there are fewer. */
  const fit = (bytes, size) => {
    const result = new Uint8Array(size);
    const tail = bytes.subarray(Math.max(0, bytes.length - size));
    result.set(tail, size - tail.length);
    return result;
  };
  const address = (value, isTextTaken) => hex(fit(bytesOf(value, isTextTaken), 20));
  const buffer = (content) => new Uint8Array(content);
  Object.assign(globalThis, {
    bigInt,
    toHex: (value) => hex(bytesOf(value, false)),
    toWord: (value) => fit(bytesOf(value, true), 32),
    toAddress: (value) => fit(bytesOf(value, true), 20),
    toContract: (from, nonce) => buffer(host.created(address(from, true), nonce)),
    toContract2: (from, salt, code) =>
      buffer(host.created2(
        address(from, true), hex(fit(fromHex(salt), 32)), hex(bytesOf(code, true)))),
    isPrecompiled: (value) => host.isPrecompiled(address(value, true)) === 1,
    slice: (value, start, end) => {
      const bytes = bytesOf(value, false);
      if (start < 0 || start > end || end > bytes.length) {
        fail('Tracer accessed out of bound memory: available ' + bytes.length + ', offset ' +
          start + ', size ' + (end - start));
      }
      return bytes.slice(start, end);
    },
  });
  for (const name of Object.getOwnPropertyNames(globalThis)) own.add(name);

  // ---- what a script is told

  let names = [];
  let now = {};
  const log = {
    op: {
      toNumber: () => now.op,
      toString: () => names[now.op],
      isPush: () => now.op >= 0x5f && now.op <= 0x7f,
    },
    stack: {
      length: () => now.stackSize,
      peek: (index) => {
        if (!(index >= 0 && index < now.stackSize)) {
          fail('tracer accessed out of bound stack: size ' + now.stackSize + ', index ' + index);
        }
        return new Big(BigInt(host.peek(index)));
      },
    },
    memory: {
      length: () => now.memorySize,
      slice: (start, end) => {
        if (start === end) return new Uint8Array(0);
        if (!(start >= 0 && end > start)) {
          fail('tracer accessed out of bound memory: offset ' + start + ', end ' + end);
        }
        if (end - now.memorySize > 1048576) {
          fail('reached limit for padding memory slice: ' + (end - now.memorySize));
        }
        return buffer(host.memory(start, end));
      },
      getUint: (offset) => {
        if (!(offset >= 0 && offset + 32 <= now.memorySize)) {
          fail('tracer accessed out of bound memory: available ' + now.memorySize + ', offset ' +
            offset + ', size 32');
        }
        return new Big(BigInt(hex(buffer(host.memory(offset, offset + 32)))));
      },
    },
    contract: {
      getCaller: () => buffer(host.contract('caller')),
      getAddress: () => buffer(host.contract('address')),
      getInput: () => buffer(host.contract('input')),
      getValue: () => new Big(BigInt(hex(buffer(host.contract('value'))))),
    },
    getPC: () => now.pc,
    getGas: () => now.gas,
    getCost: () => now.cost,
    getDepth: () => now.depth,
    getRefund: () => now.refund,
    getError: () => now.error,
  };
  const db = {
    getBalance: (at) => new Big(BigInt(host.balance(address(at, false)))),
    getNonce: (at) => host.nonce(address(at, false)),
    getCode: (at) => buffer(host.code(address(at, false))),
    getState: (at, slot) =>
      buffer(host.slot(address(at, false), hex(fit(bytesOf(slot, false), 32)))),
    exists: (at) => host.exists(address(at, false)) === 1,
  };
  let frame = {};
  const entered = {
    getType: () => frame.type,
    getFrom: () => fromHex(frame.from),
    getTo: () => fromHex(frame.to),
    getInput: () => fromHex(frame.input),
    getGas: () => frame.gas,
    getValue: () => (frame.value === undefined ? undefined : new Big(BigInt(frame.value))),
  };
  const left = {
    getGasUsed: () => frame.gasUsed,
    getOutput: () => fromHex(frame.output),
    getError: () => frame.error,
  };

  // ---- what the host calls

  let tracer;
  return {
    /** Says which functions there are. */
    start: (code, config, opcodes) => {
      names = opcodes.split(' ').map(
        (name, op) => name || 'opcode 0x' + op.toString(16) + ' not defined');
      tracer = Object((0, eval)('(' + code + '\n)'));
      const has = (name) => typeof tracer[name] === 'function';
      for (const name of ['result', 'fault']) {
        if (!has(name)) fail('trace object must expose a function ' + name + '()');
      }
      if (has('enter') !== has('exit')) {
        fail('trace object must expose either both or none of enter() and exit()');
      }
      if (has('setup')) tracer.setup(config);
      return (has('step') ? 'step ' : '') + (has('enter') ? 'frames' : '');
    },
    step: (op, pc, gas, cost, depth, refund, stackSize, memorySize, error) => {
      now = { op, pc, gas, cost, depth, refund, stackSize, memorySize, error };
      tracer.step(log, db);
    },
    note: (op, pc, gas, cost, depth, refund, stackSize, memorySize, error) => {
      now = { op, pc, gas, cost, depth, refund, stackSize, memorySize, error };
    },
    fault: () => { tracer.fault(log, db); },
    enter: (type, from, to, input, gas, value) => {
      frame = { type, from, to, input, gas, value };
      tracer.enter(entered);
    },
    exit: (gasUsed, output, error) => {
      frame = { gasUsed, output, error };
      tracer.exit(left);
    },
    result: (text) => {
      const ctx = JSON.parse(text, (key, value) => {
        if (value === null || typeof value !== 'object') return value;
        if (typeof value.bytes === 'string') return fromHex(value.bytes);
        return typeof value.number === 'string' ? new Big(BigInt(value.number)) : value;
      });
      const json = JSON.stringify(tracer.result(ctx, db));
      // The next script of the request begins anew.
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        if (!own.has(name)) delete globalThis[name];
      }
      return json === undefined ? 'null' : json;
    },
  };
})`;
