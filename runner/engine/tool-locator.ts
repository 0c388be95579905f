import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import type { RunnerProgram } from '../protocol/runner-protocol';
import { CallRefusedError } from './call-refused';

export interface ToolSearch {
  tool: RunnerProgram;
  /** Exact version asked for, if any. */
  version: string | undefined;
  /** `<toolsDir>/<tool>/<version>/<tool>` is looked at first when a version is asked for. */
  toolsDir: string | undefined;
  /** The environment the tool will have; its PATH is searched. */
  environment: Readonly<Record<string, string>>;
  /** Aborting ends a version check that is under way. */
  signal: AbortSignal;
}

/** Terraform answers in well under a second; a tool that does not is not usable either. */
const VERSION_CHECK_MS = 20_000;

const INSTALL_IT = 'install it, or add its directory to PATH';
/** Whoever asked for a build reads this, who may not know that there is a runner: so it says where, and names no path. */
const NO_GO =
  'Go toolchain not found on the runner: install Go where iac-runner runs, and add the directory of go to its PATH';

/**
 * Finds the executable to start.
 *
 * @returns its absolute path.
 * @throws CallRefusedError that says what is there instead and what to do; an AbortError when aborted.
 */
export async function locateTool(search: ToolSearch): Promise<string> {
  const { tool, version } = search;
  const onPath = findOnPath(tool, search.environment.PATH);
  if (version === undefined) {
    if (onPath !== undefined) return onPath;
    throw new CallRefusedError(tool === 'go' ? NO_GO : `${tool} is not on the PATH of iac-runner: ${INSTALL_IT}`);
  }
  const installed = search.toolsDir ? join(search.toolsDir, tool, version, tool) : undefined;
  if (installed !== undefined && isExecutable(installed)) return installed;
  const versionOnPath = onPath === undefined ? undefined : await readVersion(onPath, search);
  if (onPath !== undefined && versionOnPath === version) return onPath;
  throw new CallRefusedError(
    `${tool} ${version} was asked for, but ${describePath(tool, onPath, versionOnPath)} and ` +
      `${describeToolsDir(tool, search.toolsDir)}. Install it there as <version>/${tool}, or ask for a version that is`,
  );
}

/** Relative and empty entries of PATH are passed over: they would run what lies in the current directory. */
function findOnPath(tool: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(':')
    .filter((directory) => isAbsolute(directory))
    .map((directory) => join(directory, tool))
    .find((candidate) => isExecutable(candidate));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Asks the tool itself. In `/`, because in a working directory it would read the configuration there. */
function readVersion(file: string, search: ToolSearch): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { cwd: '/', env: search.environment, timeout: VERSION_CHECK_MS, signal: search.signal };
    execFile(file, ['version', '-json'], options, (error, stdout) => {
      if (search.signal.aborted)
        reject(search.signal.reason instanceof Error ? search.signal.reason : new Error('aborted'));
      else resolve(error ? undefined : versionIn(stdout));
    });
  });
}

/** Both tools use the key `terraform_version`. */
function versionIn(stdout: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(stdout);
    if (typeof answer !== 'object' || answer === null || !('terraform_version' in answer)) return undefined;
    return typeof answer.terraform_version === 'string' ? answer.terraform_version : undefined;
  } catch {
    return undefined;
  }
}

function describePath(tool: string, onPath: string | undefined, version: string | undefined): string {
  if (onPath === undefined) return `no ${tool} is on the PATH`;
  return version === undefined ? `${onPath} does not say its version` : `${onPath} is ${version}`;
}

function describeToolsDir(tool: string, toolsDir: string | undefined): string {
  if (!toolsDir) return 'IAC_RUNNER_TOOLS_DIR is not set';
  const directory = join(toolsDir, tool);
  let versions: string[];
  try {
    versions = readdirSync(directory).filter((name) => isExecutable(join(directory, name, tool)));
  } catch {
    versions = [];
  }
  return versions.length === 0 ? `${directory} has no versions` : `${directory} has ${versions.sort().join(', ')}`;
}
