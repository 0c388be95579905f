import { isPassedOn } from '../protocol/inherited-environment';
import type { RunnerProgram } from '../protocol/runner-protocol';
import { CallRefusedError } from './call-refused';
import { GO_DEFAULTS, refuseGoVariable } from './go-rules';

/** Names that decide which code a program loads or how a shell reads its script: a value would be a way in. */
const CHANGES_LOADING = [
  /^PATH$/,
  /^(ENV|BASH_ENV|IFS|SHELLOPTS|BASHOPTS|PS4|CDPATH|GLOBIGNORE|PROMPT_COMMAND)$/,
  /^BASH_FUNC_/,
  /^(LD|DYLD|_RLD)_/,
  /^(NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE)$/,
  /^PYTHON/,
  /^(PERL5|PERLLIB$)/,
  /^(RUBYOPT|RUBYLIB)$/,
  /^(JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH)$/,
  /^(GCONV_PATH|LOCPATH|NLSPATH)$/,
  /^OPENSSL_(CONF|MODULES|ENGINES)$/,
];

/** The runner's own names, in any case: its scripts and its search for leftovers rely on them. */
const RUNNERS_OWN = /^IAC_RUNNER_/i;

const TERRAFORM_DEFAULTS = { TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' };

/** Carries a value that is different for each call, by which everything that the tool started is found again. */
export const CALL_MARKER_NAME = 'IAC_RUNNER_CALL';

/**
 * The environment of the tool: allow-listed variables of the runner, the tool's defaults for automation, `env_vars`
 * over both, and the marker of this call.
 *
 * @throws CallRefusedError when `env_vars` holds a name that changes how programs are loaded or, for go, what runs.
 */
export function toolEnvironment(
  tool: RunnerProgram,
  own: Readonly<Record<string, string | undefined>>,
  requested: Readonly<Record<string, string>>,
  marker: string,
): Record<string, string> {
  for (const [name, value] of Object.entries(requested)) {
    refuseDangerousName(name);
    if (tool === 'go') refuseGoVariable(name, value);
  }
  const passedOn = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isPassedOn(entry[0]),
  );
  return Object.fromEntries([
    ...passedOn,
    ...Object.entries(tool === 'go' ? GO_DEFAULTS : TERRAFORM_DEFAULTS),
    ...Object.entries(requested),
    [CALL_MARKER_NAME, marker],
  ]);
}

function refuseDangerousName(name: string): void {
  if (RUNNERS_OWN.test(name)) throw new CallRefusedError(`env_vars.${name} is refused: the name belongs to the runner`);
  if (CHANGES_LOADING.some((pattern) => pattern.test(name))) {
    throw new CallRefusedError(`env_vars.${name} is refused: it changes how programs are loaded`);
  }
}
