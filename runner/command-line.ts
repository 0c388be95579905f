import {
  ADDITIONAL_TOOLS,
  type AdditionalTool,
  GO_COMMANDS,
  PROTOCOL_VERSION,
  RUNNER_COMMANDS,
  RUNNER_DEFAULTS,
  RUNNER_TOOLS,
} from './protocol/runner-protocol';

declare const IAC_RUNNER_VERSION: string | undefined;

/** What the runner was called for. */
export type CommandLine =
  | { action: 'help' }
  | { action: 'version' }
  | { action: 'run'; stream: boolean; additionalTools: AdditionalTool[] }
  | { action: 'serve' }
  | { action: 'refuse'; message: string };

/** Reads the arguments. Everything about a call itself comes on stdin, so there are only five. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let stream = false;
  // For the server: nobody else has a use for it, so it goes with nothing else.
  if (args.length === 1 && args[0] === '--serve') return { action: 'serve' };
  const additionalTools = new Set<AdditionalTool>();
  const rest = args.values();
  for (const argument of rest) {
    if (argument === '--help' || argument === '-h') return { action: 'help' };
    if (argument === '--version') return { action: 'version' };
    if (argument === '--stream') stream = true;
    else if (argument === '--tools' || argument.startsWith('--tools=')) {
      const list = argument === '--tools' ? (rest.next().value ?? '') : argument.slice('--tools='.length);
      for (const name of list.split(',')) {
        const tool = ADDITIONAL_TOOLS.find((candidate) => candidate === name);
        if (tool === undefined) return { action: 'refuse', message: notAdditional(name) };
        additionalTools.add(tool);
      }
    } else if (argument === '--serve') {
      return { action: 'refuse', message: '--serve goes with no other option' };
    } else {
      return { action: 'refuse', message: `${argument} is not an option of iac-runner; see iac-runner --help` };
    }
  }
  return { action: 'run', stream, additionalTools: [...additionalTools] };
}

function notAdditional(name: string): string {
  const known = `--tools takes additional tools with commas between; there is only ${ADDITIONAL_TOOLS.join(', ')}`;
  return name === '' ? known : `"${name}" is not an additional tool of iac-runner: ${known}`;
}

/** The bundler puts the package's version in. */
export function versionLine(): string {
  const version = typeof IAC_RUNNER_VERSION === 'string' ? IAC_RUNNER_VERSION : 'unbundled';
  return `iac-runner ${version} (protocol ${PROTOCOL_VERSION})`;
}

export const HELP = `${versionLine()}
Runs terraform or tofu once: one JSON request on stdin, one line of JSON on stdout.

Usage: iac-runner [--stream] [--tools LIST] < request.json
       iac-runner --help | --version
       iac-runner --serve    for the server: one call after another; see its README

  --stream      also copy the tool's output to stderr as it comes
  --tools LIST  also accept these tools, with commas between; there is only: ${ADDITIONAL_TOOLS.join(', ')}

Request (the first three fields are needed):
  tool              ${RUNNER_TOOLS.join(', ')}; with --tools go: go
  work_dir          absolute path of an existing directory
  command           ${RUNNER_COMMANDS.join(', ')};
                    of go: ${GO_COMMANDS.join(', ')}
  args              array of strings, passed on one by one without a shell
  env_vars          object of strings, added to the tool's environment
  timeout           minutes, a fraction is allowed; default ${RUNNER_DEFAULTS.timeoutMinutes}, at most ${RUNNER_DEFAULTS.maxTimeoutMinutes}
  tool_version      exact version such as 1.11.4; default: the one on the PATH; not with go
  tty               run on a PTY; default true. false: plain pipes, bytes untouched
  columns           width of the PTY; default ${RUNNER_DEFAULTS.columns}
  max_output_bytes  how much of the end of the output is kept; default ${RUNNER_DEFAULTS.maxOutputBytes}
  grace_seconds     from SIGINT to SIGKILL on timeout and cancel; default ${RUNNER_DEFAULTS.graceSeconds}
  log_file          absolute path; the tool writes straight into it and outlives a killed runner

Example:
  echo '{"tool":"terraform","work_dir":"'"$PWD"'","command":"plan","args":["-input=false"]}' | iac-runner --stream

Ctrl-C asks the tool to stop; a second Ctrl-C kills it.
Environment: IAC_RUNNER_WORK_ROOT (work_dir must be inside), IAC_RUNNER_TOOLS_DIR (<dir>/<tool>/<version>/<tool>).
Exit status: 0 when "success" is true, else 1.
`;
