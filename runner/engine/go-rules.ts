import { CallRefusedError } from './call-refused';

/*
 * What a build may ask of go. The code that is built comes from somebody else, and go has many ways of starting a
 * program that is not its own compiler: each of them is a way in, so they are refused by name, whoever asks.
 */

const ANOTHER_PROGRAM = 'it makes go start another program';
const ANOTHER_COMPILER = 'it changes which compiler runs, or what that loads';
const OTHER_SOURCES = 'the build would use other files than those in work_dir';

const REFUSED_FLAGS = new Map([
  ['toolexec', ANOTHER_PROGRAM],
  ['exec', ANOTHER_PROGRAM],
  ['compiler', ANOTHER_COMPILER],
  ['gccgoflags', ANOTHER_COMPILER],
  ['overlay', OTHER_SOURCES],
  ['modfile', OTHER_SOURCES],
  ['pkgdir', OTHER_SOURCES],
  ['C', 'go would leave work_dir'],
]);
const FLAG = /^--?([A-Za-z]+)(?:=|$)/;
/** The same where several flags are in one string. go takes quotes around each, with no space needed after them. */
const FLAGS_IN_WORDS = /(?<=^|[\s'"])--?([A-Za-z]+)(?=[=\s'"]|$)/g;
/** Flags of the linker, behind `-ldflags`, perhaps after a pattern of packages (`all=-s`). */
const LINKER_PROGRAM = /(?:^|[\s'"=])--?(extld|extldflags|extar)(?=[=\s'"]|$)/;
const LINKER_FLAGS = /^--?ldflags(?:=|$)/;

/**
 * @throws CallRefusedError for a flag that starts another program, uses other sources, or leaves `work_dir`. The
 * message names the flag and holds none of its value.
 */
export function refuseGoArguments(args: readonly string[]): void {
  for (const [index, argument] of args.entries()) {
    const flag = FLAG.exec(argument)?.[1] ?? '';
    const reason = REFUSED_FLAGS.get(flag);
    if (reason !== undefined) throw new CallRefusedError(`args: -${flag} is refused for go: ${reason}`);
    if (!LINKER_FLAGS.test(argument)) continue;
    const linkerFlags = argument.includes('=') ? argument.slice(argument.indexOf('=')) : (args[index + 1] ?? '');
    const linkerFlag = LINKER_PROGRAM.exec(linkerFlags)?.[1];
    if (linkerFlag !== undefined) {
      throw new CallRefusedError(`args: -${linkerFlag} in -ldflags is refused for go: ${ANOTHER_PROGRAM}`);
    }
  }
}

/**
 * The same go on every call: no other toolchain is downloaded, and neither a settings file in the home directory nor
 * a workspace above the sources has a say.
 */
const FIXED = new Map([
  ['GOTOOLCHAIN', 'local'],
  ['GOENV', 'off'],
  ['GOTELEMETRY', 'off'],
  ['GOWORK', 'off'],
]);

/** What go gets unless `env_vars` says otherwise, and what it always gets. */
export const GO_DEFAULTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(FIXED),
  GOFLAGS: '',
  CGO_ENABLED: '0',
};

const REFUSED_NAMES: readonly [pattern: RegExp, reason: string][] = [
  [/^(GOROOT|GOTOOLDIR|GCCGOTOOLDIR)$/, 'it changes which toolchain runs'],
  [/^GO_/, 'such names steer the inside of the toolchain'],
  [/^(GOCACHEPROG|GOAUTH)$/, ANOTHER_PROGRAM],
  [/^(CC|CXX|FC|AR|GCCGO|PKG_CONFIG|COMPILER_PATH|GCC_EXEC_PREFIX)$/, ANOTHER_COMPILER],
  // Flags for the C compiler can load plugins, and CGO_*_ALLOW lets the sources set such flags.
  [/^CGO_(?!ENABLED$)/, ANOTHER_COMPILER],
];

/** @throws CallRefusedError for a variable that changes what runs. The message holds no value of `env_vars`. */
export function refuseGoVariable(name: string, value: string): void {
  const fixed = FIXED.get(name);
  if (fixed !== undefined && value !== fixed) {
    throw new CallRefusedError(`env_vars.${name} is refused for go: it is always "${fixed}" here`);
  }
  const reason = REFUSED_NAMES.find(([pattern]) => pattern.test(name))?.[1];
  if (reason !== undefined) throw new CallRefusedError(`env_vars.${name} is refused for go: ${reason}`);
  if (name === 'GOFLAGS') refuseFlagsIn(value);
}

function refuseFlagsIn(goFlags: string): void {
  const refuse = (flag: string, reason: string): never => {
    throw new CallRefusedError(`env_vars.GOFLAGS: -${flag} is refused for go: ${reason}`);
  };
  for (const [, flag = ''] of goFlags.matchAll(FLAGS_IN_WORDS)) {
    const reason = REFUSED_FLAGS.get(flag);
    if (reason !== undefined) refuse(flag, reason);
  }
  const linkerFlag = LINKER_PROGRAM.exec(goFlags)?.[1];
  if (linkerFlag !== undefined) refuse(linkerFlag, ANOTHER_PROGRAM);
}
