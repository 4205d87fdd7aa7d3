/**
 * Cases of the interpreter loop that are made from tables: scalar operations from their WebAssembly
 * pattern, and loads and stores from their width. `build-kernel.ts` puts them where the loop says
 * `// @generated: NAME`.
 */
import { FORM_NAMES } from '../src/dmir/bytecode/forms.ts';
import { SCALAR_FORMS, type ScalarForm } from '../src/dmir/bytecode/scalar-forms.ts';
import { OPS } from '../src/dmir/ops.ts';

const OPERATORS: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr_u: '>>',
  shr_s: '>>',
  eq: '==',
  ne: '!=',
  lt_u: '<',
  le_u: '<=',
  gt_u: '>',
  ge_u: '>=',
  lt_s: '<',
  le_s: '<=',
  gt_s: '>',
  ge_s: '>=',
};

const D = 'rd(pc, sp)';
const A = 'ra(pc, sp)';
const B = 'rb(pc, sp)';
const E = 'rc(pc, sp)';
const K = 'kb(pc, kp)';

interface Body {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** A case that goes on behind its words. */
function toCase(name: string, { lines, bytes }: Body): string {
  const body = [...lines, `pc += ${bytes};`, 'continue;'].map((line) => `        ${line}`);
  return [`      case Op.${name}: {`, ...body, '      }'].join('\n');
}

/** A value of an integer type as the 64 bits of a register. */
function widen(type: string, value: string): string {
  return type === 'i64' ? `<u64>(${value})` : `<u64>(<u32>(${value}))`;
}

function integerType({ type, op }: ScalarForm): string {
  const isSigned = OPS[op].wasm.endsWith('_s');
  return `${isSigned ? 'i' : 'u'}${type.slice(1)}`;
}

function patternBody(form: ScalarForm): Body {
  const { wasm } = OPS[form.op];
  const type = integerType(form);
  // Loads stand apart: inside a wider expression AssemblyScript would load the wider type.
  const isUnary = form.kind === 'unary';
  const loads = [
    `const x = load<${type}>(${A});`,
    ...(isUnary ? [] : [`const y = load<${type}>(${form.isConstant ? K : B});`]),
  ];
  const operator = OPERATORS[wasm];
  const call = isUnary ? `${wasm}<${type}>(x)` : `${wasm}<${type}>(x, y)`;
  const value = wasm === 'eqz' ? 'x == 0' : operator === undefined ? call : `x ${operator} y`;
  const stored = form.kind === 'compare' ? `<u64>(${value})` : widen(form.type, value);
  return { lines: [...loads, `store<u64>(${D}, ${stored});`], bytes: 8 };
}

function functionName({ op, type }: ScalarForm): string {
  const camel = op.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return `scalar.${camel}${type.toUpperCase()}`;
}

const TRAP = 'if (kind != 0) return trap(fp, pc, sp, gas, steps, kind);';

function functionBody(form: ScalarForm): Body {
  const { traps, results, operands } = OPS[form.op];
  const isFlagged = results.includes(' ');
  const second = operands.includes(' ') ? [form.isConstant ? K : B] : [];
  const args = [D, ...(isFlagged ? [E] : []), A, ...second].join(', ');
  const bytes = isFlagged ? 16 : 8;
  const call = `${functionName(form)}(${args})`;
  if (traps.length === 0) return { lines: [`${call};`], bytes };
  return { lines: [`const kind = ${call};`, TRAP], bytes };
}

/** Operations that move bits, so that a NaN keeps its payload. */
const SIGN_RULES: Readonly<Record<string, (x: string, y: string, sign: string) => string>> = {
  fabs: (x, _, sign) => `${x} & ~${sign}`,
  fneg: (x, _, sign) => `${x} ^ ${sign}`,
  fcopysign: (x, y, sign) => `(${x} & ~${sign}) | (${y} & ${sign})`,
};

function floatBody(form: ScalarForm): Body {
  const { op, type } = form;
  const { wasm, results, operands } = OPS[op];
  const rule = SIGN_RULES[op];
  const bits = `u${type.slice(1)}`;
  if (rule !== undefined) {
    const sign = type === 'f32' ? '<u32>0x80000000' : '<u64>0x8000000000000000';
    const value = rule(`load<${bits}>(${A})`, `load<${bits}>(${B})`, `(${sign})`);
    return { lines: [`store<u64>(${D}, <u64>(${value}));`], bytes: 8 };
  }
  const x = `load<${type}>(${A})`;
  const y = `load<${type}>(${B})`;
  const operators: Readonly<Record<string, string>> = {
    ...OPERATORS,
    div: '/',
    lt: '<',
    le: '<=',
    gt: '>',
    ge: '>=',
  };
  const operator = operators[wasm];
  const isBinary = operands.includes(' ');
  const value =
    operator !== undefined
      ? `${x} ${operator} ${y}`
      : isBinary
        ? `${wasm}<${type}>(${x}, ${y})`
        : `${wasm}<${type}>(${x})`;
  const stored =
    results === 'i1' ? `<u64>(${value})` : `scalar.bits${type.toUpperCase()}(${value})`;
  return { lines: [`store<u64>(${D}, ${stored});`], bytes: 8 };
}

function conversionBody(form: ScalarForm): Body {
  const { op, type } = form;
  const { wasm, traps, operands, results } = OPS[op];
  if (traps.length > 0) return functionBody(form);
  if (op === 'fpromote' || op === 'fdemote') {
    const value = `<${results}>load<${operands}>(${A})`;
    return {
      lines: [`store<u64>(${D}, scalar.bits${results.toUpperCase()}(${value}));`],
      bytes: 8,
    };
  }
  const sign = wasm.endsWith('_s') ? 'i' : 'u';
  const integer = `${sign}${type.slice(1)}`;
  if (results === 'T') {
    // A cast saturates (WebAssembly trunc_sat) and gives 0 for a NaN.
    const value = `<${integer}>load<${operands}>(${A})`;
    return { lines: [`store<u64>(${D}, ${widen(type, value)});`], bytes: 8 };
  }
  const value = `<${results}>load<${integer}>(${A})`;
  return { lines: [`store<u64>(${D}, scalar.bits${results.toUpperCase()}(${value}));`], bytes: 8 };
}

function scalarBody(form: ScalarForm): Body {
  switch (form.kind) {
    case 'function':
      return functionBody(form);
    case 'float':
      return floatBody(form);
    case 'conversion':
      return conversionBody(form);
    default:
      return patternBody(form);
  }
}

/**
 * Enters a block that a branch of a closed function names: the window is as before, and was checked
 * when the function was entered.
 */
const NEAR = [
  'if (steps >= yieldAt) return save(fp, pc, sp, gas, steps, STATUS_YIELD);',
  'gas -= <i64>load<u32>(pc, H_GAS);',
  'if (gas < 0) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);',
  'steps += <u64>load<u32>(pc, H_STEPS);',
  'kp = pc + load<u32>(pc, H_CONSTANTS);',
  'pc += HEADER_BYTES;',
  'continue;',
] as const;

const WIDTHS = [8, 16, 32, 64, 128, 256] as const;

/** Statements that load a value from `at` to `d`. */
function loadLines(bits: number, isBig: boolean): string[] {
  if (bits === 256) return [isBig ? 'loadBe256(d, at);' : 'copy256(d, at);'];
  if (bits === 128) {
    const [low, high] = isBig
      ? ['scalar.reverse64(load<u64>(at, 8))', 'scalar.reverse64(load<u64>(at))']
      : ['load<u64>(at)', 'load<u64>(at, 8)'];
    return [`const low = ${low};`, `const high = ${high};`, 'setLimbs(d, low, high, 0, 0);'];
  }
  const value = `<u64>load<u${bits}>(at)`;
  const bytes = isBig ? `scalar.reverse64(${value}) >> ${64 - bits}` : value;
  return [`store<u64>(d, ${bytes});`];
}

/** Statements that store the value of `v` at `at`. */
function storeLines(bits: number, isBig: boolean): string[] {
  if (bits === 256) return [isBig ? 'storeBe256(at, v);' : 'copy256(at, v);'];
  if (bits === 128) {
    const [first, second] = isBig
      ? ['scalar.reverse64(load<u64>(v, 8))', 'scalar.reverse64(load<u64>(v))']
      : ['load<u64>(v)', 'load<u64>(v, 8)'];
    return [`const first = ${first};`, `store<u64>(at, ${second}, 8);`, 'store<u64>(at, first);'];
  }
  const value = isBig ? `scalar.reverse64(load<u64>(v)) >> ${64 - bits}` : 'load<u64>(v)';
  return [`store<u${bits}>(at, <u${bits}>(${value}));`];
}

/** Where an access finds its address: in a register, with an offset, or as a constant. */
type Addressing = '' | '_BE' | '_AT' | '_C';

const ADDRESSES: Readonly<Record<Addressing, string>> = {
  '': `load<u64>(${A})`,
  _BE: `load<u64>(${A})`,
  _AT: `load<u64>(${A}) + <u64>load<u32>(pc, 8)`,
  _C: '<u64>load<u32>(pc, 8)',
};

function accessCase(bits: number, addressing: Addressing, isStore: boolean): string {
  const name = `${isStore ? 'STORE' : 'LOAD'}${bits}${addressing}`;
  const isBig = addressing === '_BE';
  const region = isStore ? '<u32>load<u16>(pc, 2)' : 'ib(pc)';
  const size = bits / 8;
  const lines = [
    `const offset = ${ADDRESSES[addressing]};`,
    `let at = load<u32>(fp + (${region} << 4), F_REGIONS + R_BASE) + <u32>offset;`,
    `if (!isInside(fp, ${region}, offset, ${size})) {`,
    `  at = extend(fp, ${region}, offset, ${size}, ${isStore}, gas);`,
    '  gas = regionGas;',
    '  if (at == 0) return trap(fp, pc, sp, gas, steps, regionTrap);',
    '}',
    isStore ? `const v = ${B};` : `const d = ${D};`,
    ...(isStore ? storeLines(bits, isBig) : loadLines(bits, isBig)),
  ];
  const bytes = addressing === '_AT' || addressing === '_C' ? 16 : 8;
  return toCase(name, { lines, bytes });
}

function addressings(bits: number): Addressing[] {
  const constant: Addressing[] = bits === 32 || bits === 64 ? ['_C'] : [];
  return [
    '',
    ...(bits === 8 ? [] : (['_BE'] as const)),
    ...(bits > 64 ? [] : (['_AT'] as const)),
  ].concat(constant) as Addressing[];
}

function accessCases(): string {
  const cases = [false, true].flatMap((isStore) =>
    WIDTHS.flatMap((bits) =>
      addressings(bits).map((addressing) => accessCase(bits, addressing, isStore)),
    ),
  );
  return cases.join('\n');
}

/** Where a branch of a closed function finds what it compares: in registers, or in a constant. */
function branchCases(): string {
  const cases = FORM_NAMES.flatMap((name) => {
    const [, compare = '', bits, constant] = /^BR_(EQ|[US][LG]T)_(64|32)(_K)?$/.exec(name) ?? [];
    if (bits === undefined) return [];
    const type = `${compare.startsWith('S') ? 'i' : 'u'}${bits}`;
    const second = constant === undefined ? 'ra(pc, sp)' : 'ka(pc, kp)';
    const operator = compare === 'EQ' ? '==' : compare.endsWith('LT') ? '<' : '>';
    const condition = `load<${type}>(rd(pc, sp)) ${operator} load<${type}>(${second})`;
    const lines = [`pc = ${condition} ? load<u32>(pc, 8) : load<u32>(pc, 12);`, ...NEAR];
    return [[`case Op.${name}: {`, ...lines.map((line) => `  ${line}`), '}']];
  });
  return cases
    .flat()
    .map((line) => `      ${line}`)
    .join('\n');
}

/** Cases by the name of their place in the loop. */
export const GENERATED_CASES: Readonly<Record<string, () => string>> = {
  near: () => NEAR.map((line) => `        ${line}`).join('\n'),
  branches: branchCases,
  accesses: accessCases,
  scalars: () => SCALAR_FORMS.map((form) => toCase(form.name, scalarBody(form))).join('\n'),
};
