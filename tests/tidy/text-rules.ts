/** Rules on single files: sizes, headers, names, calls and words that have no place here. */
import type { Source } from './sources.ts';
import type { Violation } from './violation.ts';

const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 600;
const COLUMNS_MAX = 100;

export function findLongFunctions(source: Source): Violation[] {
  return source.functions
    .filter(({ length }) => length > FUNCTION_LINES_MAX)
    .map(({ name, line, length }) => ({
      file: source.path,
      line,
      message: `${name} has ${length} lines; split it (at most ${FUNCTION_LINES_MAX})`,
    }));
}

/** A longer file says in its header why. */
export function findLongFiles(source: Source): Violation[] {
  const length = source.lines.length - 1;
  if (length <= FILE_LINES_MAX) return [];
  if (/over 600 lines because/i.test(headerOf(source.lines))) return [];
  const remedy = 'split it, or say in the header: Over 600 lines because …';
  return [{ file: source.path, line: 1, message: `${length} lines; ${remedy}` }];
}

/** The text inside literals is not counted: no formatter can break it. */
export function findLongLines(source: Source): Violation[] {
  return source.lines.flatMap((text, index) => {
    const columns = [...text].length - (source.literalColumns.get(index + 1) ?? 0);
    if (columns <= COLUMNS_MAX || /https?:\/\//.test(text)) return [];
    return [{ file: source.path, line: index + 1, message: `${columns} columns` }];
  });
}

function headerOf(lines: readonly string[]): string {
  const start = lines[0]?.startsWith('#!') ? 1 : 0;
  const first = lines[start] ?? '';
  if (first.startsWith('//')) return first;
  if (!first.startsWith('/*')) return '';
  const end = lines.findIndex((line, index) => index >= start && line.includes('*/'));
  return lines.slice(start, end + 1).join('\n');
}

export function findMissingHeaders(source: Source): Violation[] {
  if (headerOf(source.lines) !== '') return [];
  const message = 'the file does not begin with a comment that says what it is';
  return [{ file: source.path, line: 1, message }];
}

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|generated|d|build))?\.(ts|js|dmir|json)$/;

/** Names of files and folders are kebab-case. */
export function findBadNames(paths: readonly string[]): Violation[] {
  return paths
    .filter((path) => /\.(ts|js|dmir|json)$/.test(path))
    .filter((path) => {
      const parts = path.split('/');
      const name = parts.pop() ?? '';
      return !KEBAB.test(name) || !parts.every((part) => /^\.?[a-z0-9]+(-[a-z0-9]+)*$/.test(part));
    })
    .map((file) => ({ file, line: 1, message: 'the name is not in kebab-case' }));
}

interface Ban {
  readonly access: RegExp;
  /** Folders where it is allowed. */
  readonly except: readonly string[];
  readonly instead: string;
}

const TOOLS = ['src/cli/', 'scripts/', 'bench/', 'tests/'] as const;
/** What may run in Node alone. */
const NODE_FOLDERS = ['conformance', 'languages', 'node/database', 'node/server'].map(
  (folder) => `src/${folder}/`,
);

const BANS: readonly Ban[] = [
  { access: /^Date\.now$|^new Date$/, except: [], instead: 'take the time as an argument' },
  { access: /^Math\.random$/, except: [], instead: 'take a seeded generator as an argument' },
  { access: /^crypto\.\w+/, except: ['tests/'], instead: 'take a seeded generator' },
  { access: /^performance\.now$/, except: TOOLS, instead: 'leave timing to the command' },
  {
    access: /^process\.\w+/,
    except: [...TOOLS, 'src/languages/solidity/', 'src/languages/programs.ts'],
    instead: 'leave the process to the command',
  },
  {
    access: /^Buffer\.\w+/,
    except: [...TOOLS, ...NODE_FOLDERS, 'src/chain/code-files.ts'],
    instead: 'take what src/base has; a browser has no Buffer',
  },
  {
    access: /^console\.\w+/,
    except: ['src/cli/', 'scripts/', 'bench/', 'tests/oracle/'],
    instead: 'return a value, and let the command print it',
  },
  {
    access: /\.(localeCompare|toLocale\w+)$|^Intl\./,
    except: ['src/cli/'],
    instead: 'compare code units; a locale differs from machine to machine',
  },
];

export function findBannedCalls(source: Source): Violation[] {
  return source.accesses.flatMap(({ text, line }) =>
    BANS.filter(({ access, except }) => {
      return access.test(text) && !except.some((folder) => source.path.startsWith(folder));
    }).map(({ instead }) => ({
      file: source.path,
      line,
      message: `${text.split('\n')[0]}: ${instead}`,
    })),
  );
}

/** Written in halves, so that this file holds none of them. */
const WORDS: readonly RegExp[] = [
  ['\\bTO', 'DO\\b'],
  ['\\bFIX', 'ME\\b'],
  ['\\bXX', 'X\\b'],
  ['/wo', 'rk/'],
  ['/ho', 'me/\\w'],
  ['/ro', 'ot/'],
  ['\\bCla', 'ude\\b'],
  ['\\bAnth', 'ropic\\b'],
  ['\\bChat', 'GPT\\b'],
  ['\\bCo', 'pilot\\b'],
  ['\\bL', 'LMs?\\b'],
  ['\\bsub', '-?agents?\\b'],
  ['\\bhel', 'per [A-Z]\\b'],
  ['\\bthe iss', 'ue\\b'],
  ['\\bissues? sh', 'ow\\b'],
  ['\\bDES', 'IGN\\.md\\b'],
  ['\\bSTY', 'LE\\.md\\b'],
  ['\\bHOST_', 'ABI\\.md\\b'],
  ['\\bthe br', 'ief\\b'],
].map((halves) => new RegExp(halves.join('')));

/** Marks of unfinished work, and names of places and tools that are no part of the project. */
export function findBannedWords(path: string, text: string): Violation[] {
  return text.split('\n').flatMap((content, index) =>
    WORDS.map((word) => word.exec(content))
      .filter((match) => match !== null)
      .map((match) => ({
        file: path,
        line: index + 1,
        message: `"${match[0]}" has no place in the project`,
      })),
  );
}
