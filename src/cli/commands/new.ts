/** `lockstep new`: a project with a contract and its test. */
import { type Args, onePositional, usageError } from '../args.ts';
import type { Io } from '../io.ts';
import { packageDescription } from '../version.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const folder = onePositional(args, 'a name: lockstep new NAME', 'new');
  const { createProject } = await import('../../languages/project.ts');
  const { LANGUAGE_NAMES, LANGUAGES, refuseGo } = await import('../../languages/languages.ts');
  const wanted = args.value('language') ?? 'solidity';
  if (wanted === 'go') refuseGo(`a project of --language ${wanted}`);
  const language = LANGUAGE_NAMES.find((name) => name === wanted);
  if (language === undefined) {
    const text = `--language is one of ${LANGUAGE_NAMES.join(', ')}, not ${JSON.stringify(wanted)}`;
    throw usageError(text, 'new');
  }
  const { name, version, peerDependencies } = packageDescription();
  const versions = { ...peerDependencies, [name]: `^${version}` };
  const files = createProject({ folder, language, versions });
  if (args.flag('json')) {
    io.out(`${JSON.stringify({ ok: true, language, files })}\n`);
    return 0;
  }
  const { debian, title } = LANGUAGES[language];
  io.out(`${files.map((file) => `${file}\n`).join('')}\n`);
  if (debian !== undefined) {
    io.out(`${title} needs, on Debian and Ubuntu: apt-get install ${debian}\n`);
  }
  io.out(`next: cd ${quote(folder)} && npm install && npm test\n`);
  return 0;
}

/** A word as a shell reads it back. */
function quote(word: string): string {
  return /^[\w./+@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
