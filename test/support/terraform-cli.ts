import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CliConfig, renderCliConfig } from './cli-config';
import { describeIfInstalled, isInstalled } from './installed-programs';

export type CliTool = 'terraform' | 'tofu';
export const TERRAFORM: CliTool = 'terraform';
export const TOFU: CliTool = 'tofu';

export const HAS_TOFU = isInstalled(TOFU);

/** The same tests with each tool; one that is not on the PATH is skipped, and the name in the report says so. */
export function describeWithEachTool(title: string, tests: (tool: CliTool) => void): void {
  for (const tool of [TERRAFORM, TOFU]) describeIfInstalled(tool, `${title}, with ${tool}`, () => tests(tool));
}

export interface ToolResult {
  /** Null when a signal from elsewhere ended it. */
  exitCode: number | null;
  /** stdout and stderr in the order in which they were written, without colours. */
  output: string;
}

export interface RunningTool {
  /** Of the tool, and of its process group. */
  pid: number;
  /** What it has printed so far. */
  output: () => string;
  /** Sends a signal to the whole group, as Ctrl-C does; nothing happens when the tool has ended. */
  signal: (name: NodeJS.Signals) => void;
  ended: Promise<ToolResult>;
}

export interface LockedProvider {
  version: string;
  constraints?: string;
  /** `h1:…` of what was installed, `zh:…` of what the signed checksums name. */
  hashes: string[];
}

export interface TerraformProjectOptions {
  /** Paths relative to the project's folder → text. */
  files?: Record<string, string>;
  cliConfig?: CliConfig;
  /** Variables beside `PATH` and those that keep the tool quiet: `SSL_CERT_FILE`, `TF_TOKEN_…`, `TF_VAR_…`. */
  environment?: Record<string, string>;
  /** Default: terraform. */
  tool?: CliTool;
  /** How long one command may take before its process group is killed. Default: 60,000. */
  timeoutMs?: number;
}

/**
 * A configuration in a temporary folder that the real tool works on, with a `HOME` and a CLI configuration of its own:
 * nothing of the developer's settings, credentials or caches. Remove it with `remove()` when the test is over.
 */
export class TerraformProject {
  private readonly root: string;
  /** Where the configuration is and the tool runs. */
  readonly directory: string;
  /** The tool's `HOME`, empty at first. */
  readonly home: string;
  private readonly cliConfigFile: string;
  private readonly tool: CliTool;
  private readonly timeoutMs: number;
  /** May be changed between commands. */
  readonly environment: Record<string, string>;
  private commands = 0;

  constructor(options: TerraformProjectOptions = {}) {
    this.tool = options.tool ?? TERRAFORM;
    this.timeoutMs = options.timeoutMs ?? 60_000;
    this.environment = { ...options.environment };
    this.root = realpathSync(mkdtempSync(join(tmpdir(), `plomada-${this.tool}-`)));
    this.directory = join(this.root, 'project');
    this.home = join(this.root, 'home');
    this.cliConfigFile = join(this.root, 'cli.tfrc');
    mkdirSync(this.directory);
    mkdirSync(this.home);
    this.writeFiles(options.files ?? {});
    this.configureCli(options.cliConfig ?? {});
  }

  /** Where `init` puts modules, each in a folder of its name; `modules.json` says which. */
  get modulesDirectory(): string {
    return join(this.directory, '.terraform', 'modules');
  }

  /** Writes files of the configuration, over those that are there. */
  writeFiles(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, path)), { recursive: true });
      writeFileSync(join(this.directory, path), text);
    }
  }

  /** Replaces the CLI configuration. */
  configureCli(config: CliConfig): void {
    writeFileSync(this.cliConfigFile, renderCliConfig(config));
  }

  /** Removes what `init` has made but the lock file: the next one installs everything again, as on another machine. */
  forgetInstallation(): void {
    rmSync(join(this.directory, '.terraform'), { recursive: true, force: true });
  }

  init(...args: string[]): Promise<ToolResult> {
    return this.run(['init', ...args]);
  }

  plan(...args: string[]): Promise<ToolResult> {
    return this.run(['plan', ...args]);
  }

  /** Without a plan file among the arguments, approves by itself. */
  apply(...args: string[]): Promise<ToolResult> {
    return this.run(['apply', '-auto-approve', ...args]);
  }

  destroy(...args: string[]): Promise<ToolResult> {
    return this.run(['destroy', '-auto-approve', ...args]);
  }

  /** One command, to its end, whatever its exit code is. @throws Error with the output so far when it takes too long */
  run(args: string[]): Promise<ToolResult> {
    return this.start(args).ended;
  }

  /** Begins a command, for tests that do something while it works. */
  start(args: string[]): RunningTool {
    // A file for both streams keeps their order, and waits for no grandchild that holds a pipe open.
    const outputFile = join(this.root, `output-${(this.commands += 1)}.log`);
    const fd = openSync(outputFile, 'a');
    const child = spawn(this.tool, args, {
      cwd: this.directory,
      env: this.toolEnvironment(),
      stdio: ['ignore', fd, fd],
      // A process group of its own, with the providers and provisioners in it.
      detached: true,
    });
    closeSync(fd);
    const output = () => readFileSync(outputFile, 'utf8');
    const signal = (name: NodeJS.Signals) => {
      // Once it has ended, its number may be that of another group.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, name);
    };
    const ended = new Promise<ToolResult>((resolve, reject) => {
      let isTooLate = false;
      const timer = setTimeout(() => {
        isTooLate = true;
        signal('SIGKILL');
      }, this.timeoutMs);
      child.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      child.once('exit', (exitCode) => {
        clearTimeout(timer);
        if (!isTooLate) resolve({ exitCode, output: output() });
        else reject(new Error(`${this.tool} ${args.join(' ')} took over ${this.timeoutMs} ms:\n${output()}`));
      });
    });
    return { pid: child.pid ?? -1, output, signal, ended };
  }

  /** What `.terraform.lock.hcl` records, by the provider's address; nothing when there is no such file. */
  lockFile(): Record<string, LockedProvider> {
    const path = join(this.directory, '.terraform.lock.hcl');
    return existsSync(path) ? parseLockFile(readFileSync(path, 'utf8')) : {};
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private toolEnvironment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.home,
      TF_CLI_CONFIG_FILE: this.cliConfigFile,
      // Before the arguments of every command, also of those of two words. Nothing else turns colours off.
      TF_CLI_ARGS: '-no-color',
      TF_INPUT: '0',
      TF_IN_AUTOMATION: '1',
      CHECKPOINT_DISABLE: '1',
      ...this.environment,
    };
  }
}

/** Reads a lock file: the tools write it in one form, so that nobody needs an HCL parser for it. */
function parseLockFile(text: string): Record<string, LockedProvider> {
  const blocks = [...text.matchAll(/^provider "([^"]+)" \{\n([\s\S]*?)^\}/gm)];
  return Object.fromEntries(
    blocks.map(([, address = '', body = '']) => {
      const setting = (name: string) => new RegExp(`^  ${name} += "([^"]*)"`, 'm').exec(body)?.[1];
      const constraints = setting('constraints');
      const hashes = [...body.matchAll(/"((?:h1|zh):[^"]+)"/g)].map(([, hash = '']) => hash);
      return [
        address,
        { version: setting('version') ?? '', ...(constraints === undefined ? {} : { constraints }), hashes },
      ];
    }),
  );
}
