import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isPassedOn } from '../../../runner/protocol/inherited-environment';
import type { PlomadaConfig } from '../../config/config';
import { type Finding, fail, ok, warn } from './finding';

const WAIT_MS = 15_000;
/** The first that takes its configuration from the environment, which ours does. */
const OLDEST_GIT = [2, 31];
const OLDEST_NODE = [20, 19];

/** Node.js and git. */
export async function checkBasics(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const node = process.versions.node;
  const git = await firstLine('git', ['--version'], env);
  return [
    isAtLeast(node, OLDEST_NODE)
      ? ok('node', node)
      : fail('node', `${node} is too old: install Node.js 20.19 or newer.`),
    git === null
      ? fail('git', 'git cannot be started: install it, and have it on the PATH of the server.')
      : isAtLeast(git, OLDEST_GIT)
        ? ok('git', git)
        : fail('git', `${git} is too old: install 2.31 or newer.`),
  ];
}

/** The programs that runs and builds start. @param used tools of deployments, `go` when there are providers to build */
export async function checkTools(env: NodeJS.ProcessEnv, used: Set<string>): Promise<Finding[]> {
  const tools = [
    { name: 'terraform', args: ['version'], lost: 'deployments with this tool cannot run' },
    { name: 'tofu', args: ['version'], lost: 'deployments with this tool cannot run' },
    { name: 'go', args: ['version'], lost: 'providers cannot be built here' },
  ];
  return Promise.all(
    tools.map(async ({ name, args, lost }) => {
      const version = await firstLine(name, args, env);
      if (version !== null) return ok(name, version);
      return used.has(name)
        ? fail(name, `not on the PATH, and needed: ${lost}. Install it.`)
        : ok(name, `not on the PATH; until it is, ${lost}.`);
    }),
  );
}

/** The runner starts, and its user is there. */
export async function checkRunner({ runs }: PlomadaConfig, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const [program = '', ...args] = runs.runnerCommand;
  const version = await firstLine(program, [...args, '--version'], env);
  const findings = [
    version === null
      ? fail('runner', 'iac-runner does not start: check RUNNER_COMMAND; for the bundled one, run: npm run build')
      : ok('runner', version),
  ];
  if (runs.runnerUser) {
    const { uid, gid } = runs.runnerUser;
    findings.push(
      hasId('/etc/passwd', uid) && hasId('/etc/group', gid)
        ? ok('runner user', `${uid}:${gid}`)
        : warn('runner user', `RUNNER_USER ${uid}:${gid} is not known on this machine: make the user, or correct it.`),
    );
  }
  return findings;
}

/** The first line a program prints; null when it cannot be started, fails, or hangs. */
function firstLine(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  const passed = Object.entries(env).filter(([name]) => isPassedOn(name));
  return new Promise((resolve) =>
    execFile(
      program,
      args,
      // Terraform must not ask its maker for news, nor find a configuration of ours.
      { env: { ...Object.fromEntries(passed), CHECKPOINT_DISABLE: '1' }, timeout: WAIT_MS, killSignal: 'SIGKILL' },
      (error, stdout) => resolve(error ? null : (stdout.split('\n')[0] ?? '')),
    ),
  );
}

function isAtLeast(text: string, [major = 0, minor = 0]: number[]): boolean {
  const [, found = '0', second = '0'] = /(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(found) > major || (Number(found) === major && Number(second) >= minor);
}

/** Whether an id is in the third field of a file such as /etc/passwd. */
function hasId(file: string, id: number): boolean {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => line.split(':')[2] === String(id));
  } catch {
    return false;
  }
}
